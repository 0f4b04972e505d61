"""From what happened to the receiver: once, again, or visibly never."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from typing_extensions import override

from core.app import Installation
from core.clock import frozen_at, utc_now
from core.config.vault import Vault
from core.db.unit import session
from core.db.writes import update_where
from core.errors import Conflict
from core.ids import new_id
from core.jobs.errors import JobDeclarationError
from core.jobs.events import emit, public_event, public_name
from core.jobs.models import JobState, OutboxJob
from core.jobs.runner import Outcome
from core.outbound.guard import Guard
from core.testing.kit import TestGym
from core.webhooks import send
from core.webhooks.catalog import MESSAGE, Catalog
from core.webhooks.delivery import FEATURE_OFF, GIVE_UP_AFTER, OFF, SEAL_BROKEN, WAITS
from core.webhooks.errors import TypeUndeclared
from core.webhooks.models import WebhookDelivery, WebhookEndpoint
from core.webhooks.outgoing import announce
from core.webhooks.sender import Answer, Sender
from core.webhooks.service import OLD_SECRET_SIGNS_FOR
from tests.core.webhooks.conftest import Webhooks
from tests.core.webhooks.receiver import Got

PATH = "/admin/webhooks"
KILN = "pottery.kiln.fired"


@public_event(KILN)
@dataclass(frozen=True, slots=True, kw_only=True)
class KilnFired:
    kiln_id: UUID
    client_id: UUID
    fired_at: datetime
    degrees: int


@dataclass(frozen=True, slots=True)
class KilnCleaned:
    kiln_id: UUID


@pytest.fixture
def pottery(installation: Installation) -> Iterator[list[str]]:
    """A plugin with a public event; it is on while its id is in the list."""
    before = installation.services.get(Catalog)

    class Switched(Catalog):
        @override
        def is_on(self, name: str, gym: Any) -> bool:
            return bool(on) if name == KILN else super().is_on(name, gym)

    on = ["pottery"]
    installation.services.put(Catalog, Switched([MESSAGE], {"pottery": [KILN]}))
    yield on
    installation.services.put(Catalog, before)


def fired(gym: TestGym) -> KilnFired:
    return KilnFired(
        kiln_id=new_id(),
        client_id=gym.user("client"),
        fired_at=datetime(2026, 3, 1, 9, tzinfo=UTC),
        degrees=1240,
    )


def verified(got: Got, secret: str) -> Any:
    """What a receiver makes of a request with the library of Standard Webhooks."""
    return Webhook(secret).verify(got.body, dict(got.headers))


def sent_message(webhooks: Webhooks, data: Mapping[str, Any] | None = None) -> UUID:
    with webhooks.gym.unit():
        assert send(MESSAGE, data or {"text": "Hello"}) == 1
    return webhooks.deliveries()[-1].id


def test_a_public_event_arrives_as_the_library_verifies_it(
    webhooks: Webhooks, pottery: list[str]
) -> None:
    assert pottery
    endpoint_id, secret = webhooks.add(KILN)
    event = fired(webhooks.gym)
    with webhooks.gym.unit():
        assert emit(event) == 0  # of subscribers
    [row] = webhooks.deliveries()
    assert (row.endpoint_id, row.type, row.status) == (endpoint_id, KILN, "pending")
    assert row.person_id == event.client_id
    assert webhooks.there.got == []
    assert webhooks.run(row.id) is Outcome.DONE
    [got] = webhooks.there.got
    told = verified(got, secret)
    assert told["type"] == KILN
    assert told["data"] == {
        "kilnId": str(event.kiln_id),
        "clientId": str(event.client_id),
        "firedAt": "2026-03-01T09:00:00Z",
        "degrees": 1240,
    }
    assert told["timestamp"].endswith("Z")
    assert got.path == "/in"
    assert got.headers["webhook-id"] == str(row.id)
    assert got.headers["Content-Type"] == "application/json"
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(got.body.replace(b"1240", b"1241"), dict(got.headers))
    [row] = webhooks.deliveries()
    assert (row.status, row.attempts, row.response_status) == ("delivered", 1, 204)
    assert row.delivered_at is not None


def test_only_endpoints_that_get_the_type_and_are_on_are_told(
    webhooks: Webhooks, pottery: list[str]
) -> None:
    assert pottery
    wanted, _ = webhooks.add(KILN, MESSAGE)
    webhooks.add(MESSAGE)
    webhooks.add(KILN, enabled=False)
    with webhooks.gym.unit():
        emit(fired(webhooks.gym))
        emit(KilnCleaned(new_id()))
    assert [row.endpoint_id for row in webhooks.deliveries()] == [wanted]


def test_while_the_feature_is_off_nothing_is_told(
    webhooks: Webhooks, pottery: list[str]
) -> None:
    webhooks.add(KILN)
    with webhooks.gym.unit():
        emit(fired(webhooks.gym))
    pottery.clear()
    with webhooks.gym.unit():
        emit(fired(webhooks.gym))
    [row] = webhooks.deliveries()
    assert webhooks.run(row.id) is Outcome.DONE
    [row] = webhooks.deliveries()
    assert (row.status, row.last_error) == ("failed", FEATURE_OFF)
    assert webhooks.there.got == []


def test_a_rolled_back_caller_tells_nothing(webhooks: Webhooks) -> None:
    webhooks.add()

    def caller() -> None:
        with webhooks.gym.unit():
            send(MESSAGE, {"text": "Hello"})
            raise Conflict

    with pytest.raises(Conflict):
        caller()
    assert webhooks.deliveries() == []
    with webhooks.gym.unit():
        kinds = session().scalars(select(OutboxJob.kind)).all()
    assert "webhooks.deliver" not in kinds


def test_what_nobody_declared_is_a_defect(gym: TestGym) -> None:
    with gym.unit():
        with pytest.raises(TypeUndeclared):
            send("pottery.nothing.such", {})
        with pytest.raises(TypeUndeclared):
            announce(fired(gym))
        with pytest.raises(JobDeclarationError):
            public_event("Kiln fired")
    assert public_name(KilnFired) == KILN
    assert public_name(KilnCleaned(new_id())) is None


def test_too_large_or_unwritable_data_is_refused(webhooks: Webhooks) -> None:
    webhooks.add()
    for data in ({"text": "x" * 70_000}, {"what": object()}):
        with webhooks.gym.unit(), pytest.raises(JobDeclarationError):
            send(MESSAGE, data)


def test_other_gyms_are_not_told(webhooks: Webhooks, other_gym: TestGym) -> None:
    webhooks.add()
    with other_gym.unit():
        assert send(MESSAGE, {"text": "Hello"}) == 0
    assert webhooks.deliveries() == []


def test_what_is_said_is_sealed_while_it_is_kept(webhooks: Webhooks) -> None:
    webhooks.add()
    sent = sent_message(webhooks, {"text": "s3cret-link"})
    assert b"s3cret" not in webhooks.deliveries()[0].body
    assert "s3cret" not in str(webhooks.job(sent).args)
    with webhooks.gym.unit():
        values = {"body": b"x" * 60}
        update_where(
            session(), WebhookDelivery, WebhookDelivery.id == sent, values=values
        )
    assert webhooks.run(sent) is Outcome.DONE
    [row] = webhooks.deliveries()
    assert (row.status, row.last_error, row.attempts) == ("failed", SEAL_BROKEN, 0)


@pytest.mark.parametrize("status", [301, 308, 400, 404, 429, 500, 503])
def test_what_is_not_taken_is_tried_again_under_the_same_id(
    webhooks: Webhooks, status: int
) -> None:
    _endpoint_id, secret = webhooks.add()
    sent = sent_message(webhooks)
    webhooks.there.answers = [status]
    webhooks.there.location = "http://127.0.0.1:1/elsewhere"
    now = utc_now()
    with frozen_at(now):
        assert webhooks.run(sent) is Outcome.FAILED
    [row] = webhooks.deliveries()
    assert (row.status, row.attempts, row.response_status) == ("pending", 1, status)
    assert row.last_error is not None
    assert row.last_error.startswith(f"HTTP {status} ")
    wait = webhooks.job(sent).run_at - now
    assert WAITS[0] * 0.9 <= wait <= WAITS[0] * 1.1
    assert webhooks.run(sent) is Outcome.DONE
    first, second = webhooks.there.got
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert verified(second, secret) == verified(first, secret)
    [row] = webhooks.deliveries()
    assert (row.status, row.attempts, row.last_error) == ("delivered", 2, None)


def test_the_pauses_add_up_to_three_days(webhooks: Webhooks) -> None:
    assert timedelta(days=3) < sum(WAITS, timedelta()) < timedelta(days=3, hours=6)
    webhooks.add()
    sent = sent_message(webhooks)
    for number, pause in enumerate(WAITS):
        webhooks.there.answers = [500]
        now = utc_now()
        with frozen_at(now):
            assert webhooks.run(sent, attempts=number) is Outcome.FAILED
        wait = webhooks.job(sent).run_at - now
        assert pause * 0.9 <= wait <= pause * 1.1
    webhooks.there.answers = [500]
    assert webhooks.run(sent, attempts=len(WAITS)) is Outcome.DONE
    [row] = webhooks.deliveries()
    assert (row.status, row.attempts) == ("failed", len(WAITS) + 1)
    assert row.last_error == "HTTP 500 Internal Server Error"
    assert webhooks.endpoint(row.endpoint_id).enabled


def test_gone_switches_the_endpoint_off(webhooks: Webhooks) -> None:
    endpoint_id, _secret = webhooks.add()
    first, second = sent_message(webhooks), sent_message(webhooks)
    webhooks.there.answers = [410]
    assert webhooks.run(first) is Outcome.DONE
    endpoint = webhooks.endpoint(endpoint_id)
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "gone")
    assert webhooks.run(second) is Outcome.DONE
    rows = webhooks.deliveries()
    assert [row.status for row in rows] == ["failed", "failed"]
    assert [row.last_error for row in rows] == ["HTTP 410 Gone", OFF]
    assert len(webhooks.there.got) == 1
    with webhooks.gym.unit():
        assert send(MESSAGE, {"text": "Hello"}) == 0
    api = webhooks.gym.api("admin")
    api.patch(f"{PATH}/{endpoint_id}", {"enabled": True})
    assert webhooks.run(sent_message(webhooks)) is Outcome.DONE
    assert len(webhooks.there.got) == 2


def failed_before(webhooks: Webhooks, age: timedelta) -> None:
    """Makes what failed have failed earlier, and the endpoint be older still."""
    with webhooks.gym.unit():
        moment = utc_now() - age
        for row in session().scalars(select(WebhookDelivery)):
            row.first_failed_at = moment if row.first_failed_at else None
            row.delivered_at = moment + timedelta(days=1) if row.delivered_at else None
        for endpoint in session().scalars(select(WebhookEndpoint)):
            endpoint.enabled_at = moment - timedelta(days=1)


def test_days_of_nothing_but_failures_switch_it_off(webhooks: Webhooks) -> None:
    endpoint_id, _secret = webhooks.add()
    first, second = sent_message(webhooks), sent_message(webhooks)
    webhooks.there.answers = [500, 500, 500]
    assert webhooks.run(first) is Outcome.FAILED
    failed_before(webhooks, GIVE_UP_AFTER - timedelta(hours=1))
    assert webhooks.run(second) is Outcome.FAILED
    assert webhooks.endpoint(endpoint_id).enabled
    failed_before(webhooks, GIVE_UP_AFTER + timedelta(hours=1))
    assert webhooks.run(second) is Outcome.DONE
    endpoint = webhooks.endpoint(endpoint_id)
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "failing")
    assert webhooks.deliveries()[1].status == "failed"


def test_one_success_forgets_the_failures_before(webhooks: Webhooks) -> None:
    endpoint_id, _secret = webhooks.add()
    first, second, third = (sent_message(webhooks) for _ in range(3))
    webhooks.there.answers = [500, 200]
    assert webhooks.run(first) is Outcome.FAILED
    assert webhooks.run(second) is Outcome.DONE
    failed_before(webhooks, GIVE_UP_AFTER + timedelta(days=2))
    webhooks.there.answers = [500]
    assert webhooks.run(third) is Outcome.FAILED
    assert webhooks.endpoint(endpoint_id).enabled


def test_switched_on_again_it_has_its_days_anew(webhooks: Webhooks) -> None:
    endpoint_id, _secret = webhooks.add()
    first, second = sent_message(webhooks), sent_message(webhooks)
    webhooks.there.answers = [500, 500]
    assert webhooks.run(first) is Outcome.FAILED
    failed_before(webhooks, GIVE_UP_AFTER + timedelta(days=2))
    one = f"{PATH}/{endpoint_id}"
    webhooks.gym.api("admin").patch(one, {"enabled": False})
    webhooks.gym.api("admin").patch(one, {"enabled": True})
    assert webhooks.run(second) is Outcome.FAILED
    assert webhooks.endpoint(endpoint_id).enabled


def test_an_endpoint_that_was_switched_off_or_deleted_gets_nothing_more(
    webhooks: Webhooks,
) -> None:
    endpoint_id, _secret = webhooks.add()
    first, second = sent_message(webhooks), sent_message(webhooks)
    second_job = webhooks.job(second).id
    api = webhooks.gym.api("admin")
    api.patch(f"{PATH}/{endpoint_id}", {"enabled": False})
    assert webhooks.run(first) is Outcome.DONE
    assert webhooks.deliveries()[0].last_error == OFF
    api.delete(f"{PATH}/{endpoint_id}")
    assert webhooks.deliveries() == []
    assert webhooks.run_job(second_job) is Outcome.DONE
    assert webhooks.there.got == []


def test_deleted_while_the_receiver_thinks(
    webhooks: Webhooks, installation: Installation
) -> None:
    endpoint_id, _secret = webhooks.add()
    api = webhooks.gym.api("admin")

    class Slow(Sender):
        @override
        def post(self, *_arguments: Any) -> Answer:
            api.delete(f"{PATH}/{endpoint_id}")
            return Answer(500, "HTTP 500 Internal Server Error")

    job = webhooks.job(sent_message(webhooks)).id
    installation.services.put(Sender, Slow(Guard()))
    assert webhooks.run_job(job) is Outcome.DONE
    assert webhooks.deliveries() == []


def test_a_process_that_dies_after_sending_sends_again_under_the_same_id(
    webhooks: Webhooks, installation: Installation, sender: Sender
) -> None:
    webhooks.add()
    sent = sent_message(webhooks)

    class Dying(Sender):
        @override
        def post(self, *arguments: Any) -> Answer:
            assert sender.post(*arguments).taken
            raise MemoryError

    installation.services.put(Sender, Dying(Guard()))
    assert webhooks.run(sent) is Outcome.FAILED
    installation.services.put(Sender, sender)
    assert webhooks.run(sent) is Outcome.DONE
    ids = [got.headers["webhook-id"] for got in webhooks.there.got]
    assert ids == [str(sent)] * 2
    assert webhooks.deliveries()[0].status == "delivered"


def test_a_name_that_leads_inside_is_not_connected_to(
    webhooks: Webhooks, installation: Installation
) -> None:
    webhooks.add(url=f"http://localhost:{webhooks.there.port}/in")
    sent = sent_message(webhooks)
    installation.services.put(Sender, Sender(Guard(), plain_http=True))
    assert webhooks.run(sent) is Outcome.FAILED
    [row] = webhooks.deliveries()
    assert row.last_error == "The host name leads to no public address."
    assert row.response_status is None
    assert webhooks.there.got == []


def test_after_a_rotation_both_secrets_sign_for_a_day(webhooks: Webhooks) -> None:
    endpoint_id, old = webhooks.add()
    api = webhooks.gym.api("admin")
    rotated = api.post(f"{PATH}/{endpoint_id}/rotate-secret", expect=200)
    new = rotated["secret"]
    until = datetime.fromisoformat(rotated["endpoint"]["previousSecretUntil"])
    assert (
        timedelta() <= utc_now() + OLD_SECRET_SIGNS_FOR - until < timedelta(minutes=1)
    )
    webhooks.run(sent_message(webhooks))
    [got] = webhooks.there.got
    assert len(got.headers["webhook-signature"].split(" ")) == 2
    assert verified(got, new) == verified(got, old)
    with webhooks.gym.unit():
        row = session().scalars(select(WebhookEndpoint)).one()
        row.previous_until = utc_now() - timedelta(seconds=1)
    webhooks.run(sent_message(webhooks))
    later = webhooks.there.got[-1]
    assert verified(later, new)["type"] == MESSAGE
    with pytest.raises(WebhookVerificationError):
        verified(later, old)


def test_a_secret_that_is_rotated_away_twice_signs_no_more(webhooks: Webhooks) -> None:
    endpoint_id, leaked = webhooks.add()
    api = webhooks.gym.api("admin")
    path = f"{PATH}/{endpoint_id}/rotate-secret"
    known = [api.post(path, expect=200)["secret"] for _ in range(2)]
    webhooks.run(sent_message(webhooks))
    [got] = webhooks.there.got
    assert [verified(got, secret)["type"] for secret in known] == [MESSAGE] * 2
    with pytest.raises(WebhookVerificationError):
        verified(got, leaked)


def test_each_attempt_is_signed_with_its_own_time(webhooks: Webhooks) -> None:
    webhooks.add()
    sent = sent_message(webhooks)
    webhooks.there.answers = [500]
    now = utc_now()
    for moment in (now + timedelta(seconds=100), now):
        with frozen_at(moment):
            webhooks.run(sent)
    late, early = (int(got.headers["webhook-timestamp"]) for got in webhooks.there.got)
    assert late - early == 100
    assert webhooks.there.got[0].body == webhooks.there.got[1].body


def test_a_sample_goes_to_one_endpoint_whatever_it_gets(webhooks: Webhooks) -> None:
    endpoint_id, secret = webhooks.add()
    webhooks.add()
    api = webhooks.gym.api("admin")
    path = f"{PATH}/{endpoint_id}"
    made = api.post(f"{path}/test", headers={"Idempotency-Key": "k"})
    assert api.post(f"{path}/test", headers={"Idempotency-Key": "k"}) == made
    [row] = webhooks.deliveries()
    assert webhooks.run(row.id) is Outcome.DONE
    told = verified(webhooks.there.got[0], secret)
    assert (told["type"], told["data"]) == (
        "webhooks.test",
        {"endpointId": str(endpoint_id)},
    )
    [shown] = api.get(f"{path}/deliveries")
    assert (shown["id"], shown["status"]) == (made["id"], "delivered")
    assert "body" not in shown
    api.patch(path, {"enabled": False})
    api.fail("POST", f"{path}/test", expect=409, code="WEBHOOK_DISABLED")


def test_a_failed_delivery_is_sent_again(webhooks: Webhooks) -> None:
    endpoint_id, secret = webhooks.add()
    sent = sent_message(webhooks)
    api = webhooks.gym.api("admin")
    again = f"{PATH}/{endpoint_id}/deliveries/{sent}/resend"
    api.fail("POST", again, expect=409, code="WEBHOOK_DELIVERY_PENDING")
    webhooks.there.answers = [500]
    old_job = webhooks.job(sent).id
    webhooks.run(sent, attempts=len(WAITS))
    shown = api.get(f"{PATH}/{endpoint_id}/deliveries", query={"status": "failed"})
    assert [row["lastError"] for row in shown] == ["HTTP 500 Internal Server Error"]
    assert api.post(again, expect=200)["status"] == "pending"
    assert webhooks.job(sent).id != old_job
    assert webhooks.run_job(old_job) is Outcome.DONE  # no longer its job
    assert len(webhooks.there.got) == 1
    assert webhooks.run(sent) is Outcome.DONE
    assert [got.headers["webhook-id"] for got in webhooks.there.got] == [str(sent)] * 2
    assert verified(webhooks.there.got[1], secret)["data"] == {"text": "Hello"}
    assert api.post(again, expect=200)["status"] == "pending"  # what was taken, too
    api.patch(f"{PATH}/{endpoint_id}", {"enabled": False})
    api.fail("POST", again, expect=409, code="WEBHOOK_DISABLED")


def test_deliveries_are_listed_in_pages(webhooks: Webhooks) -> None:
    endpoint_id, _secret = webhooks.add()
    sent = [str(sent_message(webhooks)) for _ in range(3)]
    path = f"{PATH}/{endpoint_id}/deliveries"
    api = webhooks.gym.api("admin")
    found = [api.get(path, query={"limit": 2, "page": page}) for page in (1, 2)]
    assert [row["id"] for page in found for row in page] == sent[::-1]
    rising = api.get(path, query={"sort": "createdAt"})
    assert [row["id"] for row in rising] == sent
    assert api.get(path, query={"type": "webhooks.test"}) == []


def test_the_job_was_written_with_the_delivery(webhooks: Webhooks) -> None:
    webhooks.add()
    job = webhooks.job(sent_message(webhooks))
    assert (job.kind, job.state) == ("webhooks.deliver", JobState.PENDING)
    assert list(job.args) == ["delivery_id"]


def test_values_are_bound_to_their_rows(
    webhooks: Webhooks, installation: Installation
) -> None:
    webhooks.add()
    sent = sent_message(webhooks)
    row = webhooks.deliveries()[0]
    vault = installation.services.get(Vault)
    clear = vault.open(
        row.body,
        purpose="webhooks.bodies",
        bound_to=webhooks.gym.id.bytes + sent.bytes,
    )
    assert b'"text":"Hello"' in clear
