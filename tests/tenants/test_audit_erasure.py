"""The one door by which audit rows leave, and all the doors that are shut."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError

from core.app import Installation
from core.db import roles
from core.ids import new_id
from core.testing.kit import TestGym
from core.testing.server import TestServer
from tenants.erasure import Erasure
from tenants.models import GymStatus
from tests.core.audit.sealed import seal_some

CHAIN = ("audit_entries", "audit_seals")


def run(
    installation: Installation, statement: str, *, gym: UUID, role: Any = "operator"
) -> Any:
    with installation.units(role).open(gym) as session:
        found = session.connection().exec_driver_sql(statement)
        return found.fetchall() if found.returns_rows else found.rowcount


def door(gym: UUID, table: str = "audit_entries", most: object = 10) -> str:
    return f"SELECT tenants_erase_rows('{gym}', '{table}', {most})"


@pytest.fixture
def sealed(gym: TestGym) -> TestGym:
    seal_some(gym.installation, gym.id)
    return gym


def close(gym: TestGym) -> None:
    directory: Any = gym.installation.directory
    directory.change_status(
        gym.installation.units("operator"), gym.slug, GymStatus.CLOSED
    )


def rows(gym: TestGym, table: str) -> int:
    counted = f"SELECT count(*) FROM {table} WHERE tenant_id = '{gym.id}'"
    number: int = run(gym.installation, counted, gym=gym.id)[0][0]
    return number


@pytest.mark.parametrize("table", CHAIN)
@pytest.mark.parametrize("verb", ["UPDATE {} SET id = id", "DELETE FROM {}"])
@pytest.mark.parametrize("role", ["app", "operator"])
def test_no_role_rewrites_even_an_erased_gyms_log(
    sealed: TestGym, table: str, verb: str, role: str
) -> None:
    close(sealed)
    installation = sealed.installation
    Erasure(installation.units("operator"), installation.anchors).begin(sealed.slug)
    statement = f"SET LOCAL app.erased_gym = '{sealed.id}'; {verb.format(table)}"
    with pytest.raises(DBAPIError, match="permission denied"):
        run(installation, statement, gym=sealed.id, role=role)


@pytest.mark.parametrize("status", ["active", "suspended", "closed", "unknown"])
def test_the_door_is_shut_for_every_other_gym(sealed: TestGym, status: str) -> None:
    installation, gym_id = sealed.installation, sealed.id
    directory: Any = installation.directory
    if status in {"suspended", "closed"}:
        directory.change_status(
            installation.units("operator"), sealed.slug, GymStatus(status)
        )
    if status == "unknown":
        gym_id = new_id()
    before = rows(sealed, "audit_entries")
    with pytest.raises(DBAPIError, match="was not begun"):
        run(installation, door(gym_id), gym=gym_id)
    assert rows(sealed, "audit_entries") == before > 0


def test_the_door_leads_to_this_gym_and_in_batches(
    sealed: TestGym, other_gym: TestGym
) -> None:
    close(sealed)
    installation = sealed.installation
    Erasure(installation.units("operator"), installation.anchors).begin(sealed.slug)
    before, theirs = rows(sealed, "audit_entries"), rows(other_gym, "audit_entries")
    assert before > 3
    # Whichever gym the session serves, the argument alone counts.
    assert run(installation, door(sealed.id, most=2), gym=other_gym.id) == [(2,)]
    assert run(installation, door(sealed.id, most=-5), gym=sealed.id) == [(1,)]
    assert rows(sealed, "audit_entries") == before - 3
    assert run(installation, door(sealed.id, most="NULL"), gym=sealed.id) == [
        (before - 3,)
    ]
    assert run(installation, door(sealed.id, "audit_seals"), gym=sealed.id)[0][0] > 0
    assert [rows(sealed, table) for table in CHAIN] == [0, 0]
    assert rows(other_gym, "audit_entries") == theirs > 0


@pytest.mark.parametrize(
    "table", ["users", "tenants_gyms", "pg_class", "x'; DROP TABLE users; --", ""]
)
def test_the_door_leads_to_no_other_table(sealed: TestGym, table: str) -> None:
    close(sealed)
    installation = sealed.installation
    Erasure(installation.units("operator"), installation.anchors).begin(sealed.slug)
    asked = door(sealed.id, table.replace("'", "''"))
    with pytest.raises(DBAPIError, match="is not erased this way"):
        run(installation, asked, gym=sealed.id)
    assert rows(sealed, "users") > 0


def test_the_app_may_not_knock(sealed: TestGym) -> None:
    close(sealed)
    installation = sealed.installation
    Erasure(installation.units("operator"), installation.anchors).begin(sealed.slug)
    with pytest.raises(DBAPIError, match="permission denied for function"):
        run(installation, door(sealed.id), gym=sealed.id, role="app")


def test_the_catalog_says_so(postgres: TestServer, template: str) -> None:
    found: Any = postgres.query(
        "SELECT r.rolname, p.prosecdef, p.proconfig::text, p.proacl::text"
        " FROM pg_proc p JOIN pg_roles r ON r.oid = p.proowner"
        " WHERE p.prosecdef AND p.pronamespace = 'public'::regnamespace",
        template,
    )
    owner, definer, config, acl = found[0]
    assert len(found) == 1
    assert (owner, definer) == (roles.OWNER, True)
    assert config == '{"search_path=pg_catalog, pg_temp"}'
    assert acl == (
        f"{{{roles.OWNER}=X/{roles.OWNER},{roles.OPERATOR}=X/{roles.OWNER}}}"
    )
    policies: Any = postgres.query(
        "SELECT DISTINCT policyname, cmd, roles::text, qual FROM pg_policies"
        " WHERE policyname LIKE 'erased%' ORDER BY policyname",
        template,
    )
    assert [(one[0], one[1], one[2]) for one in policies] == [
        ("erased_gym", "DELETE", f"{{{roles.OWNER}}}"),
        ("erased_gym_read", "SELECT", f"{{{roles.OWNER}}}"),
    ]
    assert all("app.erased_gym" in str(one[3]) for one in policies)
