"""Migration operations that keep every table inside its walls.

Revisions call them as ``op.protect_tenant_table("passes_codes")``; autogenerate emits
them for a new model, so that a table cannot be created and left open by oversight.
"""

from collections.abc import Callable
from typing import Any, Self

from alembic.autogenerate import comparators, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.operations import MigrateOperation, Operations
from alembic.operations.ops import UpgradeOps
from alembic.util import DispatchPriority
from sqlalchemy import text
from typing_extensions import override

APP_ROLE = "palestra_app"
OPERATOR_ROLE = "palestra_operator"

_ERASED_GYM = "tenant_id = nullif(current_setting('app.erased_gym', true), '')::uuid"
"""The rows of the gym that the erasing function names; none where none is named."""

_THIS_GYM = "tenant_id = current_setting('app.tenant_id')::uuid"


_ERASURE = {"erased_gym": "DELETE", "erased_gym_read": "SELECT"}
"""Policies by name. To delete by a condition, a role must see what it looks at."""


class _GuardOperation(MigrateOperation):
    """What the guard operations share: the table, and a name in a comparison."""

    table: str

    @override
    def to_diff_tuple(self) -> tuple[str, str]:
        return (type(self).__name__, self.table)


@Operations.register_operation("protect_tenant_table")
class ProtectTenantTable(_GuardOperation):
    """Turns on row level security for a tenant table and grants it to the app.

    The policy casts the setting plainly, so a transaction that named no gym gets an
    error and never an empty answer. FORCE binds the table's owner too.
    """

    def __init__(
        self, table: str, *, append_only: bool = False, operator: bool = False
    ) -> None:
        self.table = table
        self.append_only = append_only
        self.operator = operator

    @classmethod
    def protect_tenant_table(
        cls,
        operations: Operations,
        table: str,
        *,
        append_only: bool = False,
        operator: bool = False,
    ) -> None:
        """Guards ``table``.

        Args:
            operations: Alembic's ``op``.
            table: A table with ``tenant_id``.
            append_only: The app may read and insert, not update or delete.
            operator: The operator role sees the rows of all gyms.
        """
        operations.invoke(cls(table, append_only=append_only, operator=operator))

    @override
    def reverse(self) -> "UnprotectTenantTable":
        return UnprotectTenantTable(self.table)


@Operations.register_operation("unprotect_tenant_table")
class UnprotectTenantTable(_GuardOperation):
    """Takes the policies away, in a downgrade that then drops the table."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def unprotect_tenant_table(cls, operations: Operations, table: str) -> None:
        """Removes the guards of ``table``."""
        operations.invoke(cls(table))

    @override
    def reverse(self) -> ProtectTenantTable:
        return ProtectTenantTable(self.table)


@Operations.register_operation("grant_shared_table")
class GrantSharedTable(_GuardOperation):
    """Lets the app read a shared table that no gym owns."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def grant_shared_table(cls, operations: Operations, table: str) -> None:
        """Grants reading of ``table`` to the app, and writing to the operator."""
        operations.invoke(cls(table))

    @override
    def reverse(self) -> "RevokeSharedTable":
        return RevokeSharedTable(self.table)


@Operations.register_operation("revoke_shared_table")
class RevokeSharedTable(_GuardOperation):
    """Takes the grants of a shared table back."""

    def __init__(self, table: str) -> None:
        self.table = table

    @classmethod
    def revoke_shared_table(cls, operations: Operations, table: str) -> None:
        """Revokes what ``grant_shared_table`` gave."""
        operations.invoke(cls(table))

    @override
    def reverse(self) -> GrantSharedTable:
        return GrantSharedTable(self.table)


@Operations.register_operation("grant_operator_table")
class GrantOperatorTable(_GuardOperation):
    """Gives a table to the operator's role alone; requests of gyms never see it."""

    def __init__(self, table: str, *, append_only: bool = False) -> None:
        self.table = table
        self.append_only = append_only

    @classmethod
    def grant_operator_table(
        cls, operations: Operations, table: str, *, append_only: bool = False
    ) -> None:
        """Grants ``table`` to the operator.

        Args:
            operations: Alembic's ``op``.
            table: A table without ``tenant_id``.
            append_only: The operator may read and insert, not update or delete.
        """
        operations.invoke(cls(table, append_only=append_only))

    @override
    def reverse(self) -> RevokeSharedTable:
        return RevokeSharedTable(self.table)


@Operations.implementation_for(ProtectTenantTable)
def _protect(operations: Operations, operation: ProtectTenantTable) -> None:
    table = operation.table
    grants = (
        "SELECT, INSERT" if operation.append_only else "SELECT, INSERT, UPDATE, DELETE"
    )
    operations.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    operations.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    operations.execute(
        f"CREATE POLICY one_gym ON {table} TO {APP_ROLE}"
        f" USING ({_THIS_GYM}) WITH CHECK ({_THIS_GYM})"
    )
    operations.execute(f"GRANT {grants} ON {table} TO {APP_ROLE}")
    if operation.append_only:
        let_erasure_in(operations.execute, table)
    if operation.operator:
        operations.execute(
            f"CREATE POLICY every_gym ON {table} TO {OPERATOR_ROLE} USING (true)"
        )
        operations.execute(
            f"GRANT SELECT, INSERT, UPDATE, DELETE ON {table} TO {OPERATOR_ROLE}"
        )


def let_erasure_in(execute: Callable[[str], object], table: str) -> None:
    """Lets the owner's function that erases a closed gym delete from ``table``.

    No role may delete rows of a table that only grows, and row level security binds
    its owner as well. These policies open the rows of the one gym that the function
    names. Done again, it changes nothing.
    """
    for policy, command in _ERASURE.items():
        execute(f"DROP POLICY IF EXISTS {policy} ON {table}")
        execute(
            f"CREATE POLICY {policy} ON {table} FOR {command} TO CURRENT_USER"
            f" USING ({_ERASED_GYM})"
        )


@Operations.implementation_for(UnprotectTenantTable)
def _unprotect(operations: Operations, operation: UnprotectTenantTable) -> None:
    for policy in ("one_gym", "every_gym", *_ERASURE):
        operations.execute(f"DROP POLICY IF EXISTS {policy} ON {operation.table}")
    operations.execute(
        f"REVOKE ALL ON {operation.table} FROM {APP_ROLE}, {OPERATOR_ROLE}"
    )


@Operations.implementation_for(GrantSharedTable)
def _grant_shared(operations: Operations, operation: GrantSharedTable) -> None:
    operations.execute(f"GRANT SELECT ON {operation.table} TO {APP_ROLE}")
    operations.execute(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {operation.table} TO {OPERATOR_ROLE}"
    )


@Operations.implementation_for(GrantOperatorTable)
def _grant_operator(operations: Operations, operation: GrantOperatorTable) -> None:
    grants = (
        "SELECT, INSERT" if operation.append_only else "SELECT, INSERT, UPDATE, DELETE"
    )
    operations.execute(f"GRANT {grants} ON {operation.table} TO {OPERATOR_ROLE}")


@Operations.implementation_for(RevokeSharedTable)
def _revoke_shared(operations: Operations, operation: RevokeSharedTable) -> None:
    operations.execute(
        f"REVOKE ALL ON {operation.table} FROM {APP_ROLE}, {OPERATOR_ROLE}"
    )


@renderers.dispatch_for(ProtectTenantTable)
def _render_protect(_context: AutogenContext, operation: ProtectTenantTable) -> str:
    extra = "".join(
        f", {name}=True"
        for name in ("append_only", "operator")
        if getattr(operation, name)
    )
    return f"op.protect_tenant_table({operation.table!r}{extra})"


@renderers.dispatch_for(GrantOperatorTable)
def _render_operator(_context: AutogenContext, operation: GrantOperatorTable) -> str:
    extra = ", append_only=True" if operation.append_only else ""
    return f"op.grant_operator_table({operation.table!r}{extra})"


@renderers.dispatch_for(UnprotectTenantTable)
@renderers.dispatch_for(GrantSharedTable)
@renderers.dispatch_for(RevokeSharedTable)
def _render_plain(_context: AutogenContext, operation: Any) -> str:
    name = {
        UnprotectTenantTable: "unprotect_tenant_table",
        GrantSharedTable: "grant_shared_table",
        RevokeSharedTable: "revoke_shared_table",
    }[type(operation)]
    return f"op.{name}({operation.table!r})"


class Guards:
    """Which tables of the database stand under which guard, read once."""

    def __init__(
        self, protected: set[str], granted: set[str], operators: set[str]
    ) -> None:
        self.protected = protected
        self.granted = granted
        self.operators = operators

    @classmethod
    def read(cls, connection: Any) -> Self:
        """Reads the catalog."""
        protected = connection.execute(
            text(
                "SELECT c.relname FROM pg_class c"
                " JOIN pg_policy p ON p.polrelid = c.oid"
                " WHERE c.relrowsecurity AND c.relforcerowsecurity"
                " AND p.polname = 'one_gym'"
            )
        )
        granted = {
            role: set(
                connection.execute(
                    text(
                        "SELECT table_name FROM information_schema.role_table_grants"
                        " WHERE grantee = :role AND privilege_type = 'SELECT'"
                    ),
                    {"role": role},
                ).scalars()
            )
            for role in (APP_ROLE, OPERATOR_ROLE)
        }
        return cls(set(protected.scalars()), granted[APP_ROLE], granted[OPERATOR_ROLE])


@comparators.dispatch_for("schema", priority=DispatchPriority.LAST)
def _compare_guards(
    context: AutogenContext, upgrade_ops: UpgradeOps, _schemas: object
) -> None:
    """Adds the missing guard operations to an autogenerated revision."""
    guards = Guards.read(context.connection)
    for table in context.sorted_tables:
        reflected = False
        if not context.run_object_filters(table, table.name, "table", reflected, None):
            continue
        tenancy = table.info.get("tenancy")
        if tenancy == "tenant" and table.name not in guards.protected:
            upgrade_ops.ops.append(
                ProtectTenantTable(
                    table.name,
                    append_only=table.info.get("append_only", False),
                    operator=table.info.get("operator", False),
                )
            )
        elif tenancy == "operator":
            if table.name not in guards.operators:
                upgrade_ops.ops.append(
                    GrantOperatorTable(
                        table.name, append_only=table.info.get("append_only", False)
                    )
                )
        elif tenancy != "tenant" and table.name not in guards.granted:
            upgrade_ops.ops.append(GrantSharedTable(table.name))


def overlap_guard(
    *,
    name: str,
    table: str,
    column: str,
    starts: str,
    ends: str,
    where: str,
) -> str:
    """DDL of a constraint: one ``column`` value has no two overlapping rows.

    No extension is needed: equality of uuids is written as overlap of one-point
    ranges (type ``uuidrange``, made by core's first revision), which plain GiST
    indexes. Rows that fail ``where`` do not take part.
    """
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {name} EXCLUDE USING gist ("
        "uuidrange(tenant_id, tenant_id, '[]') WITH &&,"
        f" uuidrange({column}, {column}, '[]') WITH &&,"
        f" tstzrange({starts}, {ends}) WITH &&) WHERE ({where})"
    )
