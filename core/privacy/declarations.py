"""Reading what models declare about people, and finding what they forgot.

The declarations themselves are in ``core.db.personal``.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Table, Uuid, inspect, null, select
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.types import String

from core.db.base import Base, TenantModel
from core.db.changes import personal_columns
from core.db.personal import Fate, NotPersonal, Personal, Retention

Model = type[TenantModel]

_NAMES_A_PERSON: Final = re.compile(
    r"(^|_)(user|client|coach|person|member|owner|author|actor|recipient|partner"
    r"|trainee|trainer|staff|holder|sender|follower|guest)_id$|_by$"
)
_USERS: Final = "users"


def models_in(package: str | None) -> list[Model]:
    """The mapped models of gyms' rows that lie in a package; None for core's."""
    found = []
    for mapper in Base.registry.mappers:
        model = mapper.class_
        module = f"{model.__module__}."
        if issubclass(model, TenantModel) and module.startswith(
            "core." if package is None else f"{package}."
        ):
            found.append(model)
    order = {
        table: at for at, table in enumerate(reversed(Base.metadata.sorted_tables))
    }
    return sorted(found, key=lambda model: order[table_of(model)])


def table_of(model: Model) -> Table:
    """The table of a model."""
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} is mapped to no table.")
    return table


def rules_of(model: Model) -> tuple[Personal, ...]:
    """The rules that a model declares, one for each person of a row."""
    declared = model.__privacy__
    if declared is None or isinstance(declared, NotPersonal):
        return ()
    return (declared,) if isinstance(declared, Personal) else declared


def retention_of(model: Model) -> Retention | None:
    """How long a model's rows are kept; None for as long as the gym."""
    return model.__retention__


def columns_since(retention: Retention) -> tuple[str, ...]:
    """The columns from which the time counts."""
    since = retention.since
    return (since,) if isinstance(since, str) else since


def own_columns(model: Model, rule: Personal) -> frozenset[str]:
    """The ``PERSONAL`` columns that tell something about a rule's person."""
    known = personal_columns(model)
    return known if rule.columns is None else frozenset(rule.columns)


def names(model: Model, rule: Personal, person: UUID, gym: UUID) -> ColumnElement[bool]:
    """The predicate of the rows that concern a person by a rule."""
    first, *rest = rule.person.split(".")
    return _names(model, first, rest, person, gym)


def _names(
    model: Model, column: str, rest: list[str], person: UUID, gym: UUID
) -> ColumnElement[bool]:
    attribute = _attribute(model, column)
    if not rest:
        return attribute == person
    target = _target(model, column)
    inner = _names(target, rest[0], rest[1:], person, gym)
    return attribute.in_(select(target.id).where(target.tenant_id == gym, inner))


def _attribute(model: Model, column: str) -> InstrumentedAttribute[Any]:
    found: InstrumentedAttribute[Any] = getattr(model, column)
    return found


def _target(model: Model, column: str) -> Model:
    """The model that a column's foreign key leads to."""
    for key in table_of(model).foreign_key_constraints:
        if column in key.columns:
            for mapper in Base.registry.mappers:
                if mapper.local_table is key.referred_table:
                    found: Model = mapper.class_
                    return found
    raise TypeError(f"{table_of(model).name}.{column} is no foreign key.")


def blanks_of(model: Model, rule: Personal, person: UUID) -> dict[str, Any]:
    """What an anonymised row's columns are set to."""
    table = table_of(model)
    values: dict[str, Any] = {
        column: _blank(table, column) for column in own_columns(model, rule)
    }
    if "." not in rule.person and table.columns[rule.person].nullable:
        values[rule.person] = null()
    for column, value in rule.blanks.items():
        values[column] = (
            value.replace("{id}", str(person)) if isinstance(value, str) else value
        )
    return values


def _blank(table: Table, name: str) -> Any:
    """The empty value of a column.

    Raises:
        TypeError: It has none.
    """
    column = table.columns[name]
    if column.nullable:
        return null()
    if isinstance(column.type, JSONB):
        make = getattr(column.default, "arg", None)
        return type(make(None))() if callable(make) else {}
    if isinstance(column.type, String):
        return ""
    raise TypeError(f"{table.name}.{name} has no empty value; say one in blanks.")


def flaws(models: Iterable[Model]) -> list[str]:
    """A line for each thing that the models should declare about people and do not."""
    return [flaw for model in models for flaw in _flaws(model)]


def _flaws(model: Model) -> Iterator[str]:
    name, naming = table_of(model).name, naming_columns(model)
    declared = model.__privacy__
    yield from _faulty_retention(model)
    if isinstance(declared, NotPersonal):
        if personal_columns(model) or _keys_to_people(table_of(model)):
            yield f"{name}: NotPersonal, but it has PERSONAL columns or keys to users."
        return
    rules = rules_of(model)
    if not rules:
        if naming or personal_columns(model):
            yield f"{name}: names people and has no __privacy__."
        return
    covered = {rule.person.partition(".")[0] for rule in rules}
    for column in sorted(naming - covered):
        yield f"{name}.{column}: no rule says whom it names."
    owned = {column for rule in rules for column in own_columns(model, rule)}
    for column in sorted(personal_columns(model) - owned):
        yield f"{name}.{column}: PERSONAL to nobody."
    for rule in rules:
        yield from _faulty_rule(model, rule)


def _faulty_rule(model: Model, rule: Personal) -> Iterator[str]:
    table = table_of(model)
    try:
        names(model, rule, UUID(int=0), UUID(int=0))
    except (AttributeError, TypeError) as error:
        yield f"{table.name}: {rule.person} leads nowhere: {error}"
        return
    unknown = (set(rule.columns or ()) - personal_columns(model)) | (
        set(rule.blanks) - set(table.columns.keys())
    )
    if unknown:
        yield f"{table.name}: {sorted(unknown)} are no PERSONAL columns of it."
        return
    if rule.on_erase.fate is Fate.ANONYMISED:
        try:
            blanks_of(model, rule, UUID(int=0))
        except TypeError as error:
            if not own_columns(model, rule) <= set(rule.blanks):
                yield str(error)
    sealed_for = model.__client_column__ or "id"
    if model.__audited__ and own_columns(model, rule) and rule.person != sealed_for:
        yield (
            f"{table.name}: the audit log seals its PERSONAL columns with the key of "
            f"{sealed_for}, and erasing {rule.person} would not destroy that."
        )


def _faulty_retention(model: Model) -> Iterator[str]:
    retention = model.__retention__
    if retention is None:
        return
    wanted = {*columns_since(retention), *filter(None, [retention.monthly_by])}
    for column in sorted(wanted - set(table_of(model).columns.keys())):
        yield f"{table_of(model).name}: its retention counts from no column {column}."


def naming_columns(model: Model) -> set[str]:
    """The columns that name a person: by a foreign key, or by what they are called."""
    table = table_of(model)
    called = {
        column.name
        for column in table.columns
        if isinstance(column.type, Uuid) and _NAMES_A_PERSON.search(column.name)
    }
    return called | _keys_to_people(table)


def _keys_to_people(table: Table) -> set[str]:
    """Columns with a foreign key to a table whose rows are people's accounts."""
    return {
        column.name
        for key in table.foreign_key_constraints
        if _is_of_people(key.referred_table)
        for column in key.columns
        if column.name != "tenant_id"
    }


def _is_of_people(table: Table) -> bool:
    """Whether the ids of a table's rows are ids of accounts."""
    return table.name == _USERS or any(
        "id" in key.columns and _is_of_people(key.referred_table)
        for key in table.foreign_key_constraints
        if key.referred_table is not table
    )


def exported_columns(model: Model, rule: Personal) -> list[str]:
    """The attributes of a row that a rule's person is given: no secrets, no others'."""
    others = personal_columns(model) - own_columns(model, rule)
    return [
        attribute.key
        for attribute in inspect(model).column_attrs
        if attribute.key != "tenant_id"
        and attribute.key not in others
        and attribute.columns[0].info.get("audit") != "hidden"
    ]
