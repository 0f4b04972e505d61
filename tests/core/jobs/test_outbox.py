"""Writing jobs: in the caller's transaction, once for each key."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import chain
from uuid import UUID

import pytest
from sqlalchemy import select

from core.context import current
from core.db.unit import session
from core.errors import ProviderFailed
from core.ids import new_id
from core.jobs.actor import Backoff, JobActor, actor
from core.jobs.codec import decode, encode
from core.jobs.errors import JobDeclarationError
from core.jobs.events import Subscription, emit
from core.jobs.models import OutboxJob
from core.jobs.outbox import enqueue, enqueue_each, wake, withdraw
from core.jobs.registry import Registry
from core.jobs.schedule import Every
from core.plugin.manager import Plugins
from core.plugin.manifest import Manifest
from core.plugin.spec import hookimpl
from core.testing.kit import TestGym
from tests.core.jobs.probe import count


@dataclass(frozen=True)
class SessionHeld:
    session_id: UUID
    at: datetime
    price: Decimal | None = None
    tags: tuple[str, ...] = ()


@actor("listener.note")
def note(event: SessionHeld) -> None:
    raise AssertionError(event)


class Listener:
    manifest = Manifest(id="listener", title="L", summary="Listens.", version="1")

    @hookimpl
    def subscribers(self) -> list[Subscription]:
        return [(SessionHeld, note)]

    @hookimpl
    def actors(self) -> list[JobActor[...]]:
        return [note, count]

    @hookimpl
    def schedules(self) -> list[Every]:
        return [Every("listener.hourly", "0 * * * *", count, args={"number": 1})]


def stored() -> list[OutboxJob]:
    return list(session().scalars(select(OutboxJob).order_by(OutboxJob.id)))


def enqueue_in_vain(gym: TestGym) -> None:
    with gym.unit():
        enqueue(count, args={"number": 2})
        raise ProviderFailed


def test_a_key_makes_one_job_whoever_asks_first(gym: TestGym) -> None:
    with gym.unit("admin"):
        first = enqueue(count, args={"number": 1}, key="one")
    with gym.unit():
        assert enqueue("probe.count", args={"number": 1}, key="one") is None
        assert enqueue(count, args={"number": 2}) is not None
        assert enqueue(count, args={"number": 2}) is not None
        kept = stored()
    assert [job.dedup_key for job in kept] == ["one", None, None]
    assert kept[0].id == first
    assert kept[0].actor_id == gym.user("admin")


def test_a_job_follows_its_request_and_shares_its_fate(gym: TestGym) -> None:
    with gym.unit():
        trace_id = current().trace_id
        enqueue(count, args={"number": 1})
    with pytest.raises(ProviderFailed):
        enqueue_in_vain(gym)
    with gym.unit():
        [job] = stored()
        assert (job.trace_id, job.args) == (trace_id, {"number": 1})


def test_a_job_that_has_not_begun_can_be_withdrawn(gym: TestGym) -> None:
    with gym.unit():
        enqueue(count, args={"number": 1}, key="k")
        assert withdraw(count, key="k")
        assert not withdraw(count, key="k")
        assert stored() == []
        assert enqueue(count, args={"number": 1}, key="k") is not None
        assert wake() == 0


def test_other_gyms_do_not_see_it(gym: TestGym, other_gym: TestGym) -> None:
    with gym.unit():
        enqueue(count, args={"number": 1}, key="k")
    with other_gym.unit():
        assert stored() == []
        assert enqueue(count, args={"number": 1}, key="k") is not None


@pytest.mark.parametrize("args", [{}, {"nonsense": 1}, {"number": object()}])
def test_arguments_that_do_not_fit_are_refused(
    gym: TestGym, args: dict[str, object]
) -> None:
    with gym.unit(), pytest.raises(JobDeclarationError):
        enqueue(count, args=args)


def test_large_arguments_are_refused() -> None:
    with pytest.raises(JobDeclarationError, match="bytes"):
        encode({"text": "x" * 70_000})


def test_an_event_reaches_those_who_listen_and_are_on(gym: TestGym) -> None:
    plugins = Plugins([Listener()])
    event = SessionHeld(new_id(), datetime(2026, 3, 1, tzinfo=UTC), Decimal("1.50"))
    with gym.unit():
        here = current()
        here.hooks_for = plugins.for_tenant
        assert emit(event) == 0
        here.gym = replace(here.require_gym(), plugins=frozenset({"listener"}))
        assert emit(event) == 1
        [job] = stored()
    assert job.kind == "listener.note"
    assert note.decoded(job.args) == {"event": event}


def test_a_listener_takes_the_event_and_nothing_else(gym: TestGym) -> None:
    @actor("listener.greedy")
    def greedy(event: SessionHeld, more: int) -> None:
        raise AssertionError(event, more)

    @actor("listener.deaf")
    def deaf() -> None: ...

    event = SessionHeld(new_id(), datetime(2026, 3, 1, tzinfo=UTC))
    for wrong in (greedy, deaf):
        with gym.unit(), pytest.raises(JobDeclarationError, match=wrong.name):
            enqueue_each([note, wrong], event)
    with gym.unit():
        enqueue_each([], event)
        assert stored() == []


def test_plugins_give_actors_and_schedules() -> None:
    hooks = Plugins([Listener()]).all_gyms
    registry = Registry(chain(*hooks.actors()), chain(*hooks.schedules()))
    assert registry.limits == {"listener.note": 8, "probe.count": 8}
    assert [schedule.kind for schedule in registry.schedules] == ["probe.count"]


def test_only_dataclasses_are_events(gym: TestGym) -> None:
    with gym.unit(), pytest.raises(JobDeclarationError):
        emit({"session": 1})


def test_stored_arguments_are_read_back_by_annotation() -> None:
    identifier = new_id()
    sent = {
        "id": identifier,
        "day": date(2026, 3, 1),
        "spans": [timedelta(minutes=5)],
        "by_name": {"a": Decimal("0.10")},
    }
    plain = encode(sent)
    assert decode(UUID, plain["id"]) == identifier
    assert decode(date | None, plain["day"]) == sent["day"]
    assert decode(list[timedelta], plain["spans"]) == sent["spans"]
    assert decode(dict[str, Decimal], plain["by_name"]) == sent["by_name"]
    assert decode(tuple[int, str], [1, "b"]) == (1, "b")
    assert decode(int | str, 3) == 3
    assert decode(UUID | None, None) is None
    assert decode(
        SessionHeld,
        {"session_id": str(identifier), "at": "2026-03-01T00:00:00Z", "gone": 1},
    ) == SessionHeld(identifier, datetime(2026, 3, 1, tzinfo=UTC))


def test_names_are_held_to_their_form() -> None:
    with pytest.raises(JobDeclarationError, match=r"plugin\.verb"):
        actor("nonsense")(count.work)
    with pytest.raises(JobDeclarationError, match="named probe"):
        Registry([count, JobActor(name="probe.count", work=count.work)])
    with pytest.raises(JobDeclarationError, match="no actor"):
        Registry([], [Every("x.y", "0 3 * * *", "x.y")])
    with pytest.raises(JobDeclarationError, match="cron"):
        Every("x.y", "61 3 * * *", "x.y")


def test_the_wait_doubles_up_to_its_bound() -> None:
    backoff = Backoff(first=timedelta(seconds=4), longest=timedelta(seconds=60))
    for attempts, whole in ((1, 4), (2, 8), (3, 16), (5, 60), (900, 60)):
        delay = backoff.delay(attempts).total_seconds()
        assert whole / 2 <= delay <= whole
