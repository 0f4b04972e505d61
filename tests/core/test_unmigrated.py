"""A plugin whose tables are behind: refused in development, left out in production."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click
import pytest

from core.app import Installation, create_app
from core.app.readiness import checks
from core.cli.serve import require_migrated
from core.config.groups import Environment
from core.db.migrate import MigrationFailed, Migrations, Stream
from core.errors import NotFound, PluginInUse
from core.testing.kit import TestGym
from core.testing.server import TestServer
from tests.tenants.operating import OperatorApi, desk_of, new_operator

BROKEN = '''"""A revision that fails half-way."""

from alembic import op

revision = "b40ca11ed000"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE TABLE broken_things (id int)")
    op.execute("SELECT nonsense")


def downgrade() -> None:
    op.execute("DROP TABLE broken_things")
'''


@pytest.fixture
def behind(
    postgres: TestServer, template: str, tmp_path: Path
) -> Iterator[Installation]:
    """An installation of its own in which passes was never upgraded."""
    database = f"palestra_behind_{tmp_path.parent.name.replace('-', '_')}"
    postgres.copy(template, database)
    with Installation(postgres.settings(database, tmp_path / "home")) as installation:
        installation.migrations.downgrade("milestones", "base")
        installation.migrations.downgrade("passes", "base")
        yield installation
    postgres.query(f"DROP DATABASE {database} WITH (FORCE)")


def in_production(installation: Installation) -> None:
    server = replace(installation.settings.server, environment=Environment.PRODUCTION)
    installation.settings = replace(installation.settings, server=server)


def test_in_development_nothing_starts(behind: Installation) -> None:
    with pytest.raises(click.ClickException, match="passes: at nothing"):
        require_migrated(behind)


def test_in_production_the_rest_starts_without_it(behind: Installation) -> None:
    in_production(behind)
    ready = checks(behind)["migrations"]
    assert "passes" in (ready() or "")
    require_migrated(behind)
    with behind.units("operator").open(None) as session:
        off = behind.directory.quarantined(session)
    assert off.keys() == {"passes", "milestones"}
    assert "at nothing" in off["passes"]
    assert checks(behind)["migrations"]() is None


def test_what_everything_rests_on_is_refused_in_production_too(
    behind: Installation,
) -> None:
    in_production(behind)
    behind.migrations.downgrade("tenants", "-1")
    with pytest.raises(click.ClickException, match="tenants: at"):
        require_migrated(behind)


def test_an_upgrade_that_fails_names_its_plugin_and_leaves_nothing(
    behind: Installation, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    folder.mkdir()
    (folder / "202611210000__tables.py").write_text(BROKEN)
    streams = [*behind.migrations.streams, Stream("broken", folder)]
    migrations = Migrations(behind.databases.owner_url, streams)
    with pytest.raises(MigrationFailed, match=r"^broken: .*nonsense"):
        migrations.upgrade()
    assert {*migrations.pending()} == {"broken"}
    assert "broken: at nothing" in migrations.pending()["broken"]


def test_a_purge_is_refused_while_a_gym_has_it_on(behind: Installation) -> None:
    with pytest.raises(NotFound):
        behind.purge_plugin("tenants")
    with pytest.raises(NotFound):
        behind.purge_plugin("nothing")
    behind.migrations.upgrade()
    gym = TestGym(create_app(installation=behind), behind)
    with pytest.raises(PluginInUse) as refused:
        behind.purge_plugin("milestones")
    assert refused.value.details == {"gyms": [gym.slug], "count": 1}
    gym.disable("milestones")
    behind.purge_plugin("milestones")
    assert behind.migrations.current("milestones") is None
    assert behind.migrations.current("passes") is not None
    assert gym.api("admin").get("/scheduling/sessions") == []


def test_the_operator_purges_by_the_api_what_no_gym_has_on(
    behind: Installation,
) -> None:
    behind.migrations.upgrade()
    app = create_app(installation=behind)
    api = OperatorApi(app, desk_of(app).issue(new_operator(behind)))
    shown = api.call("POST", "/plugins/passes/purge", json={"confirm": "passes"})
    assert (shown["quarantined"], shown["reason"]) == (True, "Its data was purged.")
    assert behind.migrations.current("passes") is None
    assert "plugin.purged" in {row["action"] for row in api.call("GET", "/log")}
