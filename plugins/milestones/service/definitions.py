"""Which milestones there are."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any
from uuid import UUID

from core.sdk.base import Page, SortKey, require_version, utc_now
from plugins.milestones.domain.gifts import GiftTerms
from plugins.milestones.domain.rules import Rule
from plugins.milestones.errors import DefinitionInvalid
from plugins.milestones.models import Definition
from plugins.milestones.repository import DefinitionRepository
from plugins.milestones.service.counters import require_counter

_definitions = DefinitionRepository()


def create(
    *, title: str, description: str | None, rule: Rule, gift: GiftTerms
) -> Definition:
    """Adds a milestone.

    Raises:
        CounterUnknown: Nobody counts what the rule is about.
        DefinitionInvalid: Rule or gift contradicts itself.
    """
    require_counter(rule.counter)
    _refuse_flaws(rule, gift)
    values = {"title": title, "description": description}
    return _definitions.add(Definition(**values, **columns(rule, gift)))


def get(*, definition_id: UUID) -> Definition:
    """Returns a milestone.

    Raises:
        DefinitionMissing: There is no such milestone.
    """
    return _definitions.get(definition_id)


def find(
    *, archived: bool | None, page: int, limit: int, sort: Sequence[SortKey]
) -> Page:
    """Returns a page of the milestones."""
    return _definitions.listed(archived=archived, page=page, limit=limit, sort=sort)


def change(
    *,
    definition_id: UUID,
    changes: Mapping[str, Any],
    expected_version: int | None,
) -> Definition:
    """Changes or archives a milestone. What was reached, and gifts, stay as they are.

    Args:
        definition_id: Which.
        changes: ``title``, ``description``, ``archived``, and parts of ``rule`` and
            ``gift``; what is not named stays.
        expected_version: The version that the caller saw; None for any.

    Raises:
        DefinitionMissing: There is no such milestone.
        PreconditionFailed: The version is another one by now.
        DefinitionInvalid: Rule or gift would contradict itself.
    """
    row = _definitions.get(definition_id, lock=True)
    require_version(row.version, expected_version)
    rule = replace(row.rule, **changes.get("rule", {}))
    gift = replace(row.gift, **changes.get("gift", {}))
    _refuse_flaws(rule, gift)
    values = {name: changes[name] for name in ("title", "description") & changes.keys()}
    if changes.get("archived", row.archived) != row.archived:
        values["archived_at"] = utc_now() if changes["archived"] else None
    for name, value in (values | columns(rule, gift)).items():
        setattr(row, name, value)
    _definitions.save()
    return row


def _refuse_flaws(rule: Rule, gift: GiftTerms) -> None:
    flaw = rule.flaw() or gift.flaw()
    if flaw is not None:
        raise DefinitionInvalid(flaw)


def columns(rule: Rule, gift: GiftTerms) -> dict[str, Any]:
    """Rule and gift as the columns of a milestone."""
    given = asdict(gift) | {"channels": [one.value for one in gift.channels]}
    given["kind"] = gift.kind.value
    ruled = asdict(rule) | {"kind": rule.kind.value}
    return ruled | {f"gift_{name}": value for name, value in given.items()}
