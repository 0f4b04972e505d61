"""All SQL on preferences."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import select

from core.db.unit import session
from core.db.writes import insert_new
from core.notifications.models import Preference


def of_person(user_id: UUID) -> list[Preference]:
    """What a person said, by topic and channel."""
    statement = (
        select(Preference)
        .where(Preference.user_id == user_id)
        .order_by(Preference.topic, Preference.channel)
    )
    return list(session().scalars(statement))


def unwanted(user_ids: Collection[UUID], topic: str) -> set[tuple[UUID, str]]:
    """Who does not want a topic by which channel."""
    statement = select(Preference.user_id, Preference.channel).where(
        Preference.user_id.in_(user_ids),
        Preference.topic == topic,
        Preference.wanted.is_(False),
    )
    return {(row.user_id, row.channel) for row in session().execute(statement)}


def put(user_id: UUID, topic: str, channel: str, *, wanted: bool) -> None:
    """Writes a preference down, also when somebody does so at the same moment."""
    given = {
        "user_id": user_id,
        "topic": topic,
        "channel": channel,
        "wanted": wanted,
    }
    if insert_new(session(), Preference, [given]):
        return
    row = session().scalar(
        select(Preference)
        .where(
            Preference.user_id == user_id,
            Preference.topic == topic,
            Preference.channel == channel,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if row is not None and row.wanted != wanted:
        row.wanted = wanted
        session().flush()


def put_all(user_id: UUID, choices: Iterable[tuple[str, str, bool]]) -> None:
    """Writes several down, in one order, so that two at once block neither."""
    for topic, channel, wanted in sorted(choices):
        put(user_id, topic, channel, wanted=wanted)
