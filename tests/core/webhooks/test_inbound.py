"""Webhooks that come in: signed, recent, and each of them once."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import request
from sqlalchemy import func, select
from standardwebhooks.webhooks import Webhook

from core.app import Installation, create_app
from core.clock import frozen_at
from core.db.unit import session
from core.errors import Conflict
from core.jobs.models import OutboxJob
from core.plugin.manager import Plugins
from core.sdk.http import Blueprint, Schema, fields
from core.sdk.jobs import JobActor, WhenOff, actor
from core.sdk.plugin import Manifest, hookimpl
from core.sdk.webhooks import (
    ReceiptUnknown,
    SignatureInvalid,
    receive_once,
    received,
    verify_standard,
    verify_stripe,
)
from core.testing.kit import ApiClient, TestGym
from core.webhooks.models import WebhookReceipt
from core.webhooks.signing import new_secret, signed_headers

SECRET, OTHER = new_secret(), new_secret()
BODY = b'{"id":"evt_1","type":"charge.paid"}'
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with frozen_at(NOW):
        yield


def standard(secret: str = SECRET, *, shift: float = 0) -> dict[str, str]:
    at = NOW + timedelta(seconds=shift)
    signed = Webhook(secret).sign("msg_1", at, BODY.decode())
    return {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": signed,
    }


def stripe(*secrets: str, shift: int = 0) -> str:
    """The header as Stripe documents it."""
    seconds = int(NOW.timestamp()) + shift
    signatures = [
        hmac.new(
            secret.encode(), f"{seconds}.".encode() + BODY, hashlib.sha256
        ).hexdigest()
        for secret in secrets
    ]
    return ",".join([f"t={seconds}", *(f"v1={one}" for one in signatures), "v0=00"])


def test_our_signature_is_the_librarys() -> None:
    ours = signed_headers([SECRET], message_id="msg_1", at=NOW, body=BODY)
    assert ours == standard()


def test_any_of_several_signatures_and_secrets_will_do() -> None:
    assert verify_standard(BODY, standard(), [SECRET]) == "msg_1"
    assert verify_standard(BODY, standard(), [OTHER, SECRET]) == "msg_1"
    both = standard()
    both["webhook-signature"] = (
        f"v2,AAAA v1,nonsense! {standard(OTHER)['webhook-signature']} "
        + both["webhook-signature"]
    )
    assert verify_standard(BODY, both, [SECRET]) == "msg_1"
    verify_stripe(BODY, stripe("whsec_a", "whsec_b"), ["whsec_b"])
    verify_stripe(BODY, stripe("whsec_a"), ["whsec_b", "whsec_a"])


@pytest.mark.parametrize("shift", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way_are_recent(shift: int) -> None:
    verify_standard(BODY, standard(shift=shift), [SECRET])
    verify_stripe(BODY, stripe("s", shift=shift), ["s"])


@pytest.mark.parametrize("shift", [-100_000, -301, 301, 100_000])
def test_older_and_newer_ones_are_not(shift: int) -> None:
    with pytest.raises(SignatureInvalid):
        verify_standard(BODY, standard(shift=shift), [SECRET])
    with pytest.raises(SignatureInvalid):
        verify_stripe(BODY, stripe("s", shift=shift), ["s"])


@pytest.mark.parametrize(
    "changes",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1,AAAA"},
        {"webhook-signature": "v1,\u00e4"},
        {"webhook-signature": "v1a," + "A" * 43 + "="},
        {"webhook-id": "msg_2"},
        {"webhook-id": ""},
        {"webhook-id": "x" * 256},
        {"webhook-timestamp": ""},
        {"webhook-timestamp": "nan"},
        {"webhook-timestamp": "-1"},
        {"webhook-timestamp": "\u0661" * 10},
        {"webhook-timestamp": f"{NOW.timestamp()}"},
        {"webhook-timestamp": "9" * 5000},
    ],
)
def test_what_does_not_fit_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(SignatureInvalid):
        verify_standard(BODY, {**standard(), **changes}, [SECRET])


def test_every_byte_of_the_body_counts() -> None:
    for body in (BODY + b" ", BODY.replace(b"evt_1", b"evt_2"), b""):
        with pytest.raises(SignatureInvalid):
            verify_standard(body, standard(), [SECRET])
        with pytest.raises(SignatureInvalid):
            verify_stripe(body, stripe("s"), ["s"])
    for secrets in ([], [OTHER]):
        with pytest.raises(SignatureInvalid):
            verify_standard(BODY, standard(), secrets)
    with pytest.raises(SignatureInvalid):
        verify_standard(BODY, {}, [SECRET])


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=",
        "v1=00",
        f"t={int(NOW.timestamp())}",
        f"t={int(NOW.timestamp())},v1=zz",
        f"t={int(NOW.timestamp())},v1=",
        f"t={int(NOW.timestamp())},t=1,v1=00",
        "t=abc,v1=00",
        "=,=,,",
    ],
)
def test_malformed_stripe_headers_are_refused(header: str) -> None:
    with pytest.raises(SignatureInvalid):
        verify_stripe(BODY, header, ["s"])


handled: list[UUID] = []


@actor("tills.take", when_off=WhenOff.RUN)
def take(*, receipt_id: UUID) -> None:
    handled.append(receipt_id)


def receipts() -> int:
    return session().scalar(select(func.count()).select_from(WebhookReceipt)) or 0


def jobs() -> list[OutboxJob]:
    kind = OutboxJob.kind == "tills.take"
    return list(session().scalars(select(OutboxJob).where(kind)))


def take_in(gym: TestGym, event_id: str = "evt_1", **payload: Any) -> UUID | None:
    with gym.unit():
        return receive_once(
            provider="stripe", event_id=event_id, payload=payload, actor=take
        )


def test_fifty_of_one_event_at_once_are_one_job(gym: TestGym) -> None:
    with ThreadPoolExecutor(50) as pool:
        found = list(pool.map(lambda _: take_in(gym, amount=5), range(50)))
    [receipt_id] = [one for one in found if one is not None]
    with gym.unit():
        assert receipts() == 1
        [job] = jobs()
    assert take.decoded(job.args) == {"receipt_id": receipt_id}


def test_a_receipt_is_read_by_its_own_gym(gym: TestGym, other_gym: TestGym) -> None:
    receipt_id = take_in(gym, amount=5, who="Zo\u00eb")
    assert receipt_id is not None
    with gym.unit():
        receipt = received(receipt_id)
        row = session().scalars(select(WebhookReceipt)).one()
        assert b"amount" not in row.payload
    assert (receipt.provider, receipt.event_id) == ("stripe", "evt_1")
    assert receipt.payload == {"amount": 5, "who": "Zo\u00eb"}
    assert receipt.received_at == NOW
    with other_gym.unit(), pytest.raises(ReceiptUnknown):
        received(receipt_id)
    assert take_in(other_gym) is not None


def test_the_same_id_of_another_provider_is_another_event(gym: TestGym) -> None:
    assert take_in(gym) is not None
    assert take_in(gym) is None
    with gym.unit():
        other = receive_once(
            provider="acme", event_id="evt_1", payload={}, actor="tills.take"
        )
        assert other is not None
        assert len(jobs()) == 2


def test_row_and_job_stand_and_fall_together(gym: TestGym) -> None:
    def caller() -> None:
        with gym.unit():
            receive_once(provider="p", event_id="e", payload={}, actor=take)
            raise Conflict

    with pytest.raises(Conflict):
        caller()
    with gym.unit():
        assert (receipts(), jobs()) == (0, [])
    assert take_in(gym, "e") is not None


@pytest.mark.parametrize("event_id", ["", "x" * 256, "a\0b"])
def test_an_unusable_id_is_refused(gym: TestGym, event_id: str) -> None:
    with gym.unit(), pytest.raises(SignatureInvalid):
        receive_once(provider="p", event_id=event_id, payload={}, actor=take)


def test_ids_are_kept_for_thirty_days() -> None:
    kept = WebhookReceipt.__retention__
    assert kept is not None
    assert (kept.since, kept.days) == ("received_at", 30)


class Taken(Schema):
    isNew = fields.Boolean(required=True)  # noqa: N815 — as on the wire


inbox = Blueprint("tills", prefix="/tills", tag="Tills", owner="tills")


@inbox.post(
    "/webhook",
    summary="Take in what the till says",
    public=True,
    always_on=True,
    returns=Taken,
    errors=(SignatureInvalid,),
)
def take_webhook() -> dict[str, bool]:
    """As the documentation shows it."""
    body = request.get_data()
    event_id = verify_standard(body, request.headers, [SECRET])
    taken = receive_once(
        provider="till", event_id=event_id, payload=request.get_json(), actor=take
    )
    return {"isNew": taken is not None}


class Tills:
    """A plugin that takes webhooks in, whether it is on or off."""

    manifest = Manifest(
        id="tills",
        title="Tills",
        summary="Tills.",
        version="1.0.0",
        always_on_routes=("/tills/webhook",),
    )

    @hookimpl
    def blueprints(self) -> Sequence[Blueprint]:
        return [inbox]

    @hookimpl
    def actors(self) -> Sequence[JobActor[Any]]:
        return [take]


@pytest.fixture
def till(gym: TestGym, installation: Installation) -> ApiClient:
    """Reaches the route of the plugin, which is off in this gym."""
    plugins = Plugins([*installation.plugins._by_id.values(), Tills()])  # noqa: SLF001
    built = Installation(installation.settings, plugins=plugins)
    built.__dict__["databases"] = installation.databases
    built.__dict__["services"] = installation.services
    built.__dict__["gyms"] = installation.gyms
    return ApiClient(create_app(installation=built), gym.slug)


def test_a_plugins_public_route_takes_it_in_once(till: ApiClient, gym: TestGym) -> None:
    def call(**changes: str) -> Any:
        return till.raw(
            "POST",
            "/tills/webhook",
            data=BODY,
            content_type="application/json",
            headers={**standard(), **changes},
        )

    refused = call(**{"webhook-signature": "v1,AAAA"})
    assert refused.status_code == 400
    assert refused.get_json()["error"]["code"] == "WEBHOOK_SIGNATURE_INVALID"
    with frozen_at(NOW + timedelta(minutes=6)):
        assert call().status_code == 400
    with gym.unit():
        assert (receipts(), jobs()) == (0, [])
    assert [call().get_json()["data"]["isNew"] for _ in range(3)] == [
        True,
        False,
        False,
    ]
    with gym.unit():
        assert len(jobs()) == 1
