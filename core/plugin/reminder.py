"""What a plugin says of something that people are reminded of in time."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

_NAME = re.compile(r"^[a-z][a-z0-9]*\.[a-z][a-z0-9_]*$")


@dataclass(frozen=True, slots=True)
class Reminded:
    """A person to remind.

    Attributes:
        user_id: Their account.
        variables: What the kind's template declares.
    """

    user_id: UUID
    variables: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Occasion:
    """What people are reminded of, as it stands now.

    Attributes:
        at: When it begins. A reminder that was planned for another moment is void.
        people: Whom to remind.
    """

    at: datetime
    people: Sequence[Reminded]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReminderKind:
    """A kind of reminder, with the rules that a gym begins with.

    Attributes:
        name: ``plugin.what``.
        title: As an admin reads it.
        template: Of the message.
        topic: People opt in and out by topics.
        offsets: How long before the occasion a reminder goes out.
        occasion: Reads one as it stands; None when there is nothing to remind of any
            more. Called in the transaction that sends, in its gym.
        upcoming: Ids and beginnings of what lies ahead of a moment, for which a rule
            that is new has to be planned.
    """

    name: str
    title: str
    template: str
    topic: str
    offsets: Sequence[timedelta]
    occasion: Callable[[UUID], Occasion | None]
    upcoming: Callable[[datetime], Iterable[tuple[UUID, datetime]]]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r}: a reminder is named plugin.what.")
