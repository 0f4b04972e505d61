"""Products, holdings and trial codes for a gym that is shown around."""

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from core.sdk.base import Gym, new_id, utc_now
from plugins.passes.domain.kinds import Entry, Kind, ProductKind
from plugins.passes.models import Pass, Product
from plugins.passes.repository import (
    LedgerRepository,
    Movement,
    PassRepository,
    ProductRepository,
)
from plugins.passes.service.issuing import Batch, generate, hold, terms_of

_PACK = {"kind": "pack", "renews": False}
_MEMBERSHIP = {"kind": "membership", "period_months": 1, "renews": True}
_TERMS: tuple[dict[str, Any], ...] = (
    {**_PACK, "uses": 10, "valid_days": 180, "valid_from": "first_use"},
    {**_PACK, "uses": 5, "valid_days": 60, "valid_from": "purchase"},
    {**_MEMBERSHIP, "allowance": 2, "allowance_per": "week"},
    {**_MEMBERSHIP, "period_months": 12},
)
_WORDS: Final = {
    "en": (
        ("Ten sessions", "Good for half a year from the first session."),
        ("Five sessions", "Good for sixty days."),
        ("Twice a week", "Two sessions in every week, month by month."),
        ("As often as you like", "Any number of sessions, year by year."),
    ),
    "de": (
        ("Zehnerkarte", "Ein halbes Jahr gültig, ab der ersten Einheit."),
        ("Fünferkarte", "Sechzig Tage gültig."),
        ("Zweimal die Woche", "Zwei Einheiten in jeder Woche, Monat für Monat."),
        ("So oft du willst", "Beliebig viele Einheiten, Jahr für Jahr."),
    ),
}
_TRIAL_CODES = 25
_TRIAL_DAYS = 90
_WITHOUT = 0.2
"""The share of clients who hold nothing."""

_passes = PassRepository()
_products = ProductRepository()
_ledger = LedgerRepository()


def fill(*, gym: Gym, clients: Sequence[UUID]) -> None:
    """Gives a gym that offers nothing yet products, holdings and trial codes.

    The same gym gets the same pattern on every machine, but for the codes.
    """
    if _products.count():
        return
    chance = random.Random(gym.slug)  # noqa: S311 — believable, not secret
    words = _WORDS.get(gym.locale, _WORDS["en"])
    products = _products.create_all(
        [
            {**terms, "id": new_id(), "name": name, "description": description}
            for terms, (name, description) in zip(_TERMS, words, strict=True)
        ]
    )
    terms = [
        (client_id, _held(chance.choice(products), gym, chance))
        for client_id in clients
        if chance.random() > _WITHOUT
    ]
    for row in hold(terms):
        _use(row, chance)
    generate(Batch(count=_TRIAL_CODES, expires_in_days=_TRIAL_DAYS, kind=Kind.TRIAL))


def _held(product: Product, gym: Gym, chance: random.Random) -> Mapping[str, Any]:
    """A holding that began up to four weeks ago."""
    today = utc_now().astimezone(gym.zone).date()
    return terms_of(product, today - timedelta(days=chance.randrange(28)))


def _use(row: Pass, chance: random.Random) -> None:
    """Takes some uses of a pack; what a membership was used for is not made up."""
    if row.kind != ProductKind.PACK or row.remaining is None or row.valid_days:
        return
    for _ in range(chance.randrange(row.remaining)):
        row.remaining -= 1
        use = Movement(kind=Entry.USE, uses=-1, balance=row.remaining)
        _ledger.add_entry(row.id, use)
    _passes.save()
