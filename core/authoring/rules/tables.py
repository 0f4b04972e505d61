"""Tables: named after the plugin, and a gym's, key by key."""

from collections.abc import Iterable, Iterator

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.sql.schema import Table

from core.authoring.findings import Finding
from core.authoring.subject import Subject, models_of
from core.db.base import Lookup, TenantModel
from core.plugin.manager import Plugins
from core.plugin.manifest import Manifest
from core.privacy.declarations import flaws, rules_of

_KEY = ["tenant_id", "id"]


def tables(subject: Subject) -> Iterator[Finding]:
    """Names and keys are as they have to be."""
    for fault in faulty_tables(subject.manifest, subject.plugins):
        place, _, problem = fault.partition(": ")
        yield subject.finding(
            "TABLE_KEYS",
            place,
            problem,
            "Derive from TenantModel; write keys with tenant_key and tenant_unique.",
        )


def people(subject: Subject) -> Iterator[Finding]:
    """Whoever is named is declared, so that they can be exported and erased."""
    for flaw in flaws(subject.models):
        place, _, problem = flaw.partition(": ")
        yield subject.finding(
            "PRIVACY_UNDECLARED",
            place,
            problem or "This is not declared.",
            "Say in __privacy__ whose rows these are (core.db.personal).",
        )
    holds = any(rules_of(model) for model in subject.models) or any(
        hasattr(subject.plugin, hook) for hook in ("export_person", "erase_person")
    )
    if holds != subject.manifest.stores_personal_data:
        yield subject.finding(
            "PRIVACY_MANIFEST",
            "manifest.stores_personal_data",
            "Its tables name people."
            if holds
            else "No table of it names anybody, and no hook exports or erases.",
            f"Say stores_personal_data={holds}, or declare the tables.",
        )


def faulty_tables(manifest: Manifest, plugins: Plugins) -> list[str]:
    """One line for each table that breaks a rule."""
    ids = {plugin.id for plugin in plugins.manifests}
    reachable = {manifest.id, *plugins.requirements(manifest.id)}
    faults = []
    for model in models_of(manifest):
        table = model.__table__
        if not isinstance(table, Table):
            continue
        if not table.name.startswith(f"{manifest.id}_"):
            faults.append(f"{table.name}: its name must begin with {manifest.id}_.")
        if issubclass(model, TenantModel):
            faults += _of_a_gym(table)
        elif not issubclass(model, Lookup) or "tenant_id" in table.columns:
            faults.append(f"{table.name}: neither a gym's table nor a vocabulary.")
        faults += _beyond(table, ids - reachable)
    return faults


def _of_a_gym(table: Table) -> list[str]:
    """Keys that do not carry the gym; keys into vocabularies need not."""
    faults = []
    if [column.name for column in table.primary_key] != _KEY:
        faults.append(f"{table.name}: its primary key must be (tenant_id, id).")
    for constraint in table.constraints:
        names = [column.name for column in getattr(constraint, "columns", ())]
        if isinstance(constraint, ForeignKeyConstraint):
            carries = "tenant_id" in names or (
                "tenant_id" not in constraint.referred_table.columns
            )
        else:
            carries = not isinstance(constraint, UniqueConstraint) or (
                "tenant_id" in names
            )
        if not carries:
            faults.append(f"{table.name}: {names} must carry tenant_id.")
    faults += [
        f"{table.name}: the unique index {index.name} must carry tenant_id."
        for index in table.indexes
        if index.unique and "tenant_id" not in index.columns
    ]
    return faults


def _beyond(table: Table, unreachable: Iterable[str]) -> list[str]:
    """Foreign keys into tables of plugins that are not required."""
    targets = {
        constraint.referred_table.name for constraint in table.foreign_key_constraints
    }
    return [
        f"{table.name}: a key into {target}, of {other}, which is not required."
        for target in sorted(targets)
        for other in unreachable
        if target.startswith(f"{other}_")
    ]
