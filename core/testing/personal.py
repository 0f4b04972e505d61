"""What a plugin holds about the test people, before and after they are erased."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import inspect, select

from core.audit.values import json_safe
from core.db.personal import Fate, Personal
from core.privacy.declarations import Model, flaws, names, own_columns, rules_of
from core.privacy.ledger import Erased
from core.privacy.reapplying import erase_now
from core.testing.kit import TestGym

_TELLING = 8
"""Text of this length is looked for in every column; shorter may be a coincidence."""


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """A personal value, and where it stands."""

    table: str
    row: str
    column: str
    text: str


def undeclared(models: Sequence[Model]) -> list[str]:
    """A line for each thing that the models should say about people and do not."""
    return flaws(models)


def rules(model: Model) -> tuple[Personal, ...]:
    """The rules that a model declares."""
    return rules_of(model)


def has_values(model: Model) -> bool:
    """Whether a model has ``PERSONAL`` columns that an erasure takes."""
    return any(
        own_columns(model, rule)
        for rule in rules_of(model)
        if rule.on_erase.fate is not Fate.KEPT
    )


def values_of_people(gym: TestGym, models: Sequence[Model]) -> list[Value]:
    """The ``PERSONAL`` values of the test people that erasing them has to take."""
    return sorted(
        {
            value
            for model in models
            for rule in rules_of(model)
            if rule.on_erase.fate is not Fate.KEPT
            for person in gym.users.values()
            for value in _values(gym, model, rule, person)
        }
    )


def erase_everybody(gym: TestGym) -> None:
    """Erases all test people, the admin last."""
    people = sorted(gym.users.items(), key=lambda user: user[0] == "admin")
    for _role, person in people:
        assert erase_now(gym.installation, Erased(gym.id, person))


def left_over(
    gym: TestGym, models: Sequence[Model], before: Sequence[Value]
) -> list[Value]:
    """Those of the values that still stand where they stood, or anywhere else."""
    cells = _cells(gym, models)
    same = {(cell.table, cell.row, cell.column, cell.text) for cell in cells}
    return [
        value
        for value in before
        if (value.table, value.row, value.column, value.text) in same
        or (
            len(value.text) >= _TELLING
            and any(value.text.strip('"[]{}') in cell.text for cell in cells)
        )
    ]


def _values(gym: TestGym, model: Model, rule: Personal, person: UUID) -> list[Value]:
    with gym.unit() as session:
        found = session.scalars(
            select(model).where(names(model, rule, person, gym.id))
        ).all()
        return [
            Value(str(model.__tablename__), str(row.id), name, _text(value))
            for row in found
            for name in own_columns(model, rule)
            if (value := getattr(row, name))
        ]


def _cells(gym: TestGym, models: Sequence[Model]) -> list[Value]:
    """Every column of every row, except in tables that say why they keep it."""
    with gym.unit() as session:
        return [
            Value(str(model.__tablename__), str(row.id), attribute.key, _text(value))
            for model in models
            if all(rule.on_erase.fate is not Fate.KEPT for rule in rules_of(model))
            for row in session.scalars(select(model))
            for attribute in inspect(model).column_attrs
            if (value := getattr(row, attribute.key))
        ]


def _text(value: Any) -> str:
    return orjson.dumps(json_safe(value)).decode()
