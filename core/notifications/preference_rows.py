"""All SQL on preferences."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select

from core.db.statement import Statement, among, given
from core.db.unit import session
from core.db.writes import insert_new
from core.notifications.models import Preference

_OF_PERSON = Statement(
    select(Preference)
    .where(Preference.user_id == given("user_id"))
    .order_by(Preference.topic, Preference.channel)
)
_UNWANTED = Statement(
    select(Preference.user_id, Preference.channel).where(
        among(Preference.user_id, "user_ids"),
        Preference.topic == given("topic"),
        Preference.wanted.is_(False),
    )
)
_LOCKED = Statement(
    select(Preference)
    .where(
        Preference.user_id == given("user_id"),
        Preference.topic == given("topic"),
        Preference.channel == given("channel"),
    )
    .with_for_update(),
    refresh=True,
)


def of_person(user_id: UUID) -> list[Preference]:
    """What a person said, by topic and channel."""
    return session().read(_OF_PERSON, user_id=user_id)


def unwanted(user_ids: Collection[UUID], topic: str) -> set[tuple[UUID, str]]:
    """Who does not want a topic by which channel."""
    found = session().read(_UNWANTED, user_ids=list(user_ids), topic=topic)
    return {(row.user_id, row.channel) for row in found}


def put(user_id: UUID, topic: str, channel: str, *, wanted: bool) -> None:
    """Writes a preference down, also when somebody does so at the same moment."""
    which = {"user_id": user_id, "topic": topic, "channel": channel}
    if insert_new(session(), Preference, [{**which, "wanted": wanted}]):
        return
    row: Preference | None = session().read_one(_LOCKED, **which)
    if row is not None and row.wanted != wanted:
        row.wanted = wanted
        session().flush()


def put_all(user_id: UUID, choices: Iterable[tuple[str, str, bool]]) -> None:
    """Writes several down, in one order, so that two at once block neither."""
    for topic, channel, wanted in sorted(choices):
        put(user_id, topic, channel, wanted=wanted)
