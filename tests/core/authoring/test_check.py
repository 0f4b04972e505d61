"""Each rule finds the plugin that breaks it, and nothing else in it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest

from core.authoring.checking import check
from core.authoring.errors import AuthoringFailed
from core.plugin.manager import Plugins
from tests.core.authoring.workshop import Draft, run

Spoil = Callable[[Draft], object]


def edit(name: str, old: str, new: str) -> Spoil:
    return lambda draft: draft.edit(name, old, new)


def both(*steps: Spoil) -> Spoil:
    def spoil(draft: Draft) -> None:
        for step in steps:
            step(draft)

    return spoil


def beginning(name: str, line: str) -> Spoil:
    """Adds a line below a module's docstring."""
    return lambda draft: (draft.package / name).write_text(
        (draft.package / name).read_text().replace('"""\n', f'"""\n{line}\n', 1)
    )


def rename_template(draft: Draft) -> None:
    for path in (draft.package / "templates").glob("*.j2"):
        path.rename(path.with_name(path.name.replace(draft.id, "other", 1)))
    draft.edit("templates/templates.toml", "[ID.", "[other.")


def in_revision(line: str) -> Spoil:
    def spoil(draft: Draft) -> None:
        text = draft.revision.read_text()
        marker = "    op.protect_tenant_table(ITEMS)"
        assert marker in text
        draft.revision.write_text(text.replace(marker, f"{marker}\n    {line}", 1))

    return spoil


PLUGIN, MODELS = "plugin.py", "models.py"
UNIQUE = "from sqlalchemy import UniqueConstraint"
CASES: list[tuple[str, Spoil]] = [
    ("MANIFEST_INCOMPLETE", edit(PLUGIN, 'title="', 'title="" and "')),
    ("MANIFEST_VERSION", edit(PLUGIN, '"0.1.0"', '"one"')),
    ("MANIFEST_ALWAYS_ON", edit(PLUGIN, "docs=", "always_on=True,\n        docs=")),
    ("DOCS_PAGE", edit(PLUGIN, 'docs="ID.md"', 'docs="elsewhere.md"')),
    ("DOCS_PAGE", edit(PLUGIN, 'docs="ID.md"', 'docs=""')),
    (
        "PERMISSION_ROLES",
        both(
            edit("permissions.py", 'items",\n    STAFF', 'items",\n    GUESTS_TOO'),
            edit("permissions.py", "COACHES, STAFF", "COACHES, GUESTS_TOO"),
        ),
    ),
    ("PERMISSION_ROLES", edit("permissions.py", '"See the items"', '""')),
    (
        "SETTING_WITHOUT_DEFAULT",
        edit("schemas.py", "announce = fields.Boolean(load_default=False)",
             "announce = fields.Boolean()"),
    ),
    ("ROUTE_OWNER", edit("endpoints.py", '    owner="ID",\n', "")),
    ("ROUTE_PERMISSION", edit("permissions.py", ", ITEMS_UPDATE)", ")")),
    ("ACTOR_WHEN_OFF", edit("jobs.py", 'get", when_off=WhenOff.DROP', 'get"')),
    ("ACTOR_NAME", edit("jobs.py", '@actor("ID.announce"', '@actor("other.ID"')),
    ("ACTOR_NAME", edit("jobs.py", 'Every("ID.forget"', 'Every("other.ID"')),
    ("TEMPLATE_NAME", rename_template),
    (
        "TEMPLATE_DEFECT",
        lambda draft: next(draft.package.glob("templates/*.de.txt.j2")).unlink(),
    ),
    (
        "TABLE_KEYS",
        both(
            edit(MODELS, 'tenant_unique("name")', 'UniqueConstraint("name")'),
            edit(MODELS, "from sqlalchemy.orm", f"{UNIQUE}\nfrom sqlalchemy.orm"),
        ),
    ),
    ("TABLE_KEYS", edit(MODELS, '"ID_items"', '"otherID_items"')),
    (
        "PRIVACY_UNDECLARED",
        both(
            edit(MODELS, "    __privacy__ =", "    unused ="),
            edit(PLUGIN, "stores_personal_data=True", "stores_personal_data=False"),
        ),
    ),
    (
        "PRIVACY_MANIFEST",
        edit(PLUGIN, "stores_personal_data=True", "stores_personal_data=False"),
    ),
    (
        "REVISION_NAME",
        lambda draft: draft.revision.rename(draft.revision.with_name("tables.py")),
    ),
    (
        "REVISION_FOREIGN_TABLE",
        in_revision('op.add_column("users", sa.Column("shoe", sa.Text()))'),
    ),
    (
        "REVISION_FOREIGN_TABLE",
        in_revision('op.create_index("ix_shoe", "members_clients", ["id"])'),
    ),
    (
        "REVISION_FOREIGN_TABLE",
        in_revision('op.execute("DELETE FROM members_clients")'),
    ),
    (
        "REVISION_FOREIGN_TABLE",
        in_revision('op.execute(sa.text("UPDATE users SET name = name"))'),
    ),
    (
        "REVISION_FOREIGN_TABLE",
        in_revision('op.bulk_insert(sa.table("users", sa.column("id")), [])'),
    ),
    ("IMPORT_CORE", beginning("domain.py", "from core.clock import utc_now")),
    ("IMPORT_CORE", beginning("domain.py", "from core import clock")),
    (
        "IMPORT_PLUGIN",
        both(
            beginning("domain.py", "from plugins.members.service import clients"),
            edit(PLUGIN, "docs=", 'requires={"members": ">=1"},\n        docs='),
        ),
    ),
    (
        "IMPORT_UNDECLARED",
        beginning("domain.py", "from plugins.members.hooks import MembersHooks"),
    ),
    ("IMPORT_UNDECLARED", beginning("domain.py", "import pytest")),
    (
        "EVENT_UNDECLARED",
        edit(PLUGIN, 'events_emitted=("ID.item.added",)', "events_emitted=()"),
    ),
    (
        "EVENT_UNDECLARED",
        edit(PLUGIN, 'events_consumed=("ID.item.added",)', "events_consumed=()"),
    ),
    (
        "EVENT_UNKNOWN",
        edit(PLUGIN, 'events_emitted=("ID.item.added",)',
             'events_emitted=("ID.item.added", "ID.item.lost")'),
    ),
    (
        "EVENT_UNKNOWN",
        edit(PLUGIN, 'events_consumed=("ID.item.added",)',
             'events_consumed=("ID.item.added", "members.client.lost")'),
    ),
]  # fmt: skip
NUMBERS = range(len(CASES))


def plugin_of(number: int) -> str:
    return f"z{chr(97 + number // 26)}{chr(97 + number % 26)}"


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """What one check of all spoilt plugins, and of a sound one, says of each."""
    folder = tmp_path_factory.mktemp("spoilt")
    drafts = [Draft("sound", folder)]
    for number in NUMBERS:
        draft = Draft(plugin_of(number), folder)
        CASES[number][1](draft)
        drafts.append(draft)
    command = ("plugins", "check", "--json", *(draft.id for draft in drafts))
    ran = run(*command, home=folder / "home", drafts=drafts)
    assert ran.returncode == 1, ran.stderr
    by_plugin: dict[str, list[dict[str, Any]]] = {draft.id: [] for draft in drafts}
    for finding in orjson.loads(ran.stdout):
        by_plugin[finding["plugin"]].append(finding)
    return by_plugin


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_each_rule_finds_what_breaks_it(
    found: dict[str, list[dict[str, Any]]], number: int
) -> None:
    findings = found[plugin_of(number)]
    assert {one["code"] for one in findings} == {CASES[number][0]}, findings
    assert all(one["place"] and one["problem"] and one["remedy"] for one in findings)


@pytest.mark.slow
def test_a_sound_plugin_is_found_sound(
    found: dict[str, list[dict[str, Any]]],
) -> None:
    assert found["sound"] == []


def test_the_plugins_of_this_repository_are_sound() -> None:
    assert check(Plugins.discover()) == []


@pytest.mark.parametrize("plugin_id", ["nowhere", "tenants"])
def test_what_cannot_be_checked_is_refused(plugin_id: str) -> None:
    with pytest.raises(AuthoringFailed, match=plugin_id):
        check(Plugins.discover(), [plugin_id])


@pytest.mark.slow
def test_a_misspelt_hook_is_one_line(tmp_path: Path) -> None:
    draft = Draft("typo", tmp_path)
    draft.edit(PLUGIN, "def schedules(", "def schedule(")
    ran = run("plugins", "check", home=tmp_path / "home", drafts=[draft])
    assert ran.returncode == 1
    assert "unknown hook 'schedule' in plugin" in ran.stderr
    assert "Traceback" not in ran.stderr


@pytest.mark.slow
def test_a_file_that_is_no_python_is_one_line(tmp_path: Path) -> None:
    draft = Draft("stray", tmp_path)
    (draft.package / "notes.py").write_text("def (:")
    command = ("plugins", "check", "stray")
    ran = run(*command, home=tmp_path / "home", drafts=[draft])
    assert ran.returncode == 1
    assert "notes.py is no Python" in ran.stderr
    assert "Traceback" not in ran.stderr
