"""Reads the catalog of a migrated database and holds every table to the rules."""

from collections.abc import Callable
from typing import Any

import pytest

from core.db import roles
from core.testing.server import TestServer

Rows = Callable[[str], list[tuple[Any, ...]]]

OPERATORS_OWN = {
    "tenants_exports",
    "tenants_operator_log",
    "tenants_operators",
    "tenants_usage",
}
"""What the operator's role alone sees."""

SHARED_WITHOUT_GYM = {
    "alembic_version",
    "alembic_version_members",
    "alembic_version_milestones",
    "alembic_version_passes",
    "alembic_version_scheduling",
    "alembic_version_tenants",
    "contact_types",
    "fitness_levels",
    "members_genders",
    "role_codes",
    "tenants_domains",
    "tenants_epoch",
    "tenants_gyms",
    *OPERATORS_OWN,
    "tenants_quarantine",
    "training_frequencies",
}


@pytest.fixture(scope="module")
def rows(postgres: TestServer, template: str) -> Rows:
    return lambda statement: postgres.query(statement, template)


@pytest.fixture(scope="module")
def tenant_tables(rows: Rows) -> set[str]:
    return {
        name
        for (name,) in rows(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a"
            " ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
            " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        )
    }


def test_every_table_is_a_gyms_or_known_to_be_shared(
    rows: Rows, tenant_tables: set[str]
) -> None:
    tables = {
        name
        for (name,) in rows(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        )
    }
    assert tables - tenant_tables == SHARED_WITHOUT_GYM


def test_tenant_tables_are_keyed_by_gym_and_id(
    rows: Rows, tenant_tables: set[str]
) -> None:
    keys: dict[str, str] = dict(
        rows(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid)"
            " FROM pg_constraint WHERE contype = 'p'"
            " AND connamespace = 'public'::regnamespace"
        )
    )
    assert {keys[table] for table in tenant_tables} == {"PRIMARY KEY (tenant_id, id)"}


def test_unique_and_foreign_keys_carry_the_gym(
    rows: Rows, tenant_tables: set[str]
) -> None:
    shared = SHARED_WITHOUT_GYM
    offenders = [
        (table, definition)
        for table, target, definition, has_gym in rows(
            "SELECT c.conrelid::regclass::text, c.confrelid::regclass::text,"
            " pg_get_constraintdef(c.oid), EXISTS (SELECT 1 FROM pg_attribute a"
            " WHERE a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)"
            " AND a.attname = 'tenant_id')"
            " FROM pg_constraint c WHERE c.contype IN ('u', 'f')"
            " AND c.connamespace = 'public'::regnamespace"
        )
        if table in tenant_tables and not has_gym and target not in shared
    ]
    assert offenders == []


def test_unique_indexes_carry_the_gym(rows: Rows, tenant_tables: set[str]) -> None:
    offenders = [
        definition
        for table, definition in rows(
            "SELECT i.indrelid::regclass::text, pg_get_indexdef(i.indexrelid)"
            " FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid"
            " WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace"
        )
        if table in tenant_tables and "(tenant_id" not in definition
    ]
    assert offenders == []


def test_no_key_blanks_the_gym(rows: Rows) -> None:
    assert (
        rows("SELECT conname FROM pg_constraint WHERE confdeltype IN ('n', 'd')") == []
    )


def test_row_level_security_is_on_and_forced(
    rows: Rows, tenant_tables: set[str]
) -> None:
    guarded = {
        name
        for (name,) in rows(
            "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
        )
    }
    assert guarded == tenant_tables


def test_policies_cast_plainly_and_hold_no_subquery(
    rows: Rows, tenant_tables: set[str]
) -> None:
    policies = rows(
        "SELECT tablename, policyname, qual, with_check FROM pg_policies"
        " WHERE schemaname = 'public'"
    )
    one_gym = {
        table: (qual, check)
        for table, policy, qual, check in policies
        if policy == "one_gym"
    }
    plain = "(tenant_id = (current_setting('app.tenant_id'::text))::uuid)"
    assert one_gym == dict.fromkeys(tenant_tables, (plain, plain))
    assert not [row for row in policies if "SELECT" in (row[2] or "")]


def test_no_triggers_on_tenant_tables(rows: Rows) -> None:
    assert rows("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal") == []


def test_columns_are_not_enums_and_times_have_zones(rows: Rows) -> None:
    assert rows("SELECT typname FROM pg_type WHERE typtype = 'e'") == []
    assert (
        rows(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
            " AND data_type = 'timestamp without time zone'"
        )
        == []
    )


def test_roles_own_nothing_and_bypass_nothing(rows: Rows) -> None:
    found = rows(
        "SELECT rolname, rolsuper, rolbypassrls, rolcreaterole, rolcreatedb"
        " FROM pg_roles WHERE rolname IN"
        f" ('{roles.OWNER}', '{roles.APP}', '{roles.OPERATOR}') ORDER BY rolname"
    )
    assert [name for name, *_ in found] == sorted(
        [roles.OWNER, roles.APP, roles.OPERATOR]
    )
    assert not any(flag for _name, *flags in found for flag in flags)
    owners = rows("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname='public'")
    assert owners == [(roles.OWNER,)]


def test_the_audit_log_is_append_only_for_the_app(rows: Rows) -> None:
    granted = {
        privilege
        for (privilege,) in rows(
            "SELECT privilege_type FROM information_schema.role_table_grants"
            f" WHERE grantee = '{roles.APP}' AND table_name = 'audit_entries'"
        )
    }
    assert granted == {"SELECT", "INSERT"}


def test_the_app_has_no_part_in_the_operators_own_tables(rows: Rows) -> None:
    own = ", ".join(f"'{table}'" for table in sorted(OPERATORS_OWN))
    granted = rows(
        "SELECT grantee, table_name, privilege_type"
        " FROM information_schema.role_table_grants"
        f" WHERE table_name IN ({own}) AND grantee <> '{roles.OWNER}'"
    )
    assert {grantee for grantee, _table, _privilege in granted} == {roles.OPERATOR}
    log = {what for _who, table, what in granted if table == "tenants_operator_log"}
    assert log == {"SELECT", "INSERT"}
