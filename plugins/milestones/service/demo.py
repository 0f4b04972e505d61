"""Milestones for a demo gym: some reached, some gifts handed over; nobody is told."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from core.sdk.base import Gym, new_id, utc_now
from plugins.milestones.domain.gifts import GiftChannel, GiftKind, GiftStatus, GiftTerms
from plugins.milestones.domain.rules import Rule, RuleKind
from plugins.milestones.models import Definition, Gift
from plugins.milestones.repository import (
    CountRepository,
    DefinitionRepository,
    GiftRepository,
)
from plugins.milestones.service import evaluation, gifts
from plugins.milestones.service.counters import SESSIONS
from plugins.milestones.service.counting import Said
from plugins.milestones.service.definitions import columns

SHOWN = 40
"""How many clients have a history."""

_DAYS_BACK = 120
_HANDED_OVER = 0.8
_BY_MAIL = (GiftChannel.EMAIL, GiftChannel.INBOX)

_WORDS = {
    "en": (
        ("First session", None),
        ("Ten sessions", "A shake of your choice is waiting at the desk."),
        ("Twenty-five sessions", "Bring a friend along, it is on us."),
        ("Four weeks in a row", "You keep at it. So do we: see you next week!"),
    ),
    "de": (
        ("Erste Stunde", None),
        ("Zehn Stunden", "An der Theke wartet ein Shake Ihrer Wahl."),
        ("Fünfundzwanzig Stunden", "Bringen Sie jemanden mit, das geht auf uns."),
        ("Vier Wochen am Stück", "Sie bleiben dran. Wir auch: bis nächste Woche!"),
    ),
}

_definitions = DefinitionRepository()
_counts = CountRepository()
_gifts = GiftRepository()


def fill(*, gym: Gym, clients: Sequence[UUID]) -> None:
    """Adds milestones and a history, where the gym has no milestone yet."""
    if _definitions.active():
        return
    chance = random.Random(gym.slug)  # noqa: S311 — believable, not secret
    made = [_definitions.add(one) for one in _milestones(gym.locale)]
    shown = sorted(clients)[:SHOWN]
    _counts.record([row for one in shown for row in _history(one, chance)])
    reached = evaluation.find(shown)
    rows = gifts.rows_for(reached, {one.id: one for one in made})
    for gift in _gifts.create(rows):
        if chance.random() < _HANDED_OVER:
            _settle(gift)
    _gifts.save()


def _milestones(locale: str) -> Iterator[Definition]:
    words = _WORDS.get(locale, _WORDS["en"])
    name = SESSIONS.name
    rules = (
        Rule(counter=name, threshold=1),
        Rule(counter=name, threshold=10, repeat_every=10),
        Rule(counter=name, threshold=25),
        Rule(counter=name, threshold=4, kind=RuleKind.STREAK, repeat_every=4),
    )
    given = (
        (GiftKind.NONE, (), None, None),
        (GiftKind.MESSAGE, _BY_MAIL, None, None),
        (GiftKind.PASS, _BY_MAIL, 1, 30),
        (GiftKind.MESSAGE, (GiftChannel.INBOX,), None, None),
    )
    for (title, text), rule, (kind, channels, uses, days) in zip(
        words, rules, given, strict=True
    ):
        terms = GiftTerms(
            kind=kind, text=text, uses=uses, expires_in_days=days, channels=channels
        )
        yield Definition(title=title, description=None, **columns(rule, terms))


def _history(client_id: UUID, chance: random.Random) -> Iterator[dict[str, object]]:
    """Sessions of the last months, from none up to three in a week."""
    now = utc_now().replace(minute=0, second=0, microsecond=0)
    for _number in range(chance.randrange(_DAYS_BACK * 3 // 7)):
        days, hours = chance.randrange(1, _DAYS_BACK), chance.randrange(12)
        yield asdict(
            Said(
                client_id=client_id,
                counter=SESSIONS.name,
                amount=1,
                source_id=new_id(),
                at=now - timedelta(days=days, hours=hours),
                version=1,
            )
        )


def _settle(gift: Gift) -> None:
    gift.status, gift.settled_at = GiftStatus.SENT.value, utc_now()
