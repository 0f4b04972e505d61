"""Handing a gift over: by message, by webhook, as a pass; once."""

from uuid import UUID

from core.sdk.base import AppError, hooks, utc_now
from core.sdk.metrics import counter
from core.sdk.webhooks import send
from plugins.milestones.domain.gifts import Failure, GiftKind, GiftStatus
from plugins.milestones.models import Gift
from plugins.milestones.repository import GiftRepository
from plugins.milestones.service.telling import tell_gift
from plugins.passes.hooks import GiftPass

WEBHOOK = "milestones.gift.dispatched"

_gifts = GiftRepository()
_dispatched = counter(
    "milestones_gifts_total", "Gifts that were handed over, or failed.", ("outcome",)
)


class Undeliverable(Exception):
    """The gift cannot be handed over as things stand."""

    def __init__(self, why: Failure) -> None:
        super().__init__(why.value)
        self.why = why


def hand_over(gift_id: UUID) -> None:
    """Hands a gift over if it still waits; whoever comes second finds it done.

    All that it does is written in one transaction with the gift's new state. What
    cannot be done leaves nothing behind but the reason.
    """
    gift = _gifts.find(gift_id, lock=True)
    if gift is None or gift.status != GiftStatus.PENDING.value:
        return
    gift.failure = _failure(gift)
    status = GiftStatus.FAILED if gift.failure else GiftStatus.SENT
    gift.status = status.value
    gift.settled_at = None if gift.failure else utc_now()
    _gifts.save()
    _dispatched.inc(status.value)


def _failure(gift: Gift) -> str | None:
    """Hands it over; returns why that was not possible."""
    try:
        with _gifts.attempt():
            _hand_over(gift)
    except Undeliverable as error:
        return error.why.value
    except AppError as error:  # of the plugin that was to give the pass
        return error.code
    return None


def _hand_over(gift: Gift) -> None:
    terms = gift.gift
    code = _granted(gift) if terms.kind is GiftKind.PASS else None
    deliveries = tell_gift(gift, code) if terms.to_person else []
    receivers = _sent(gift) if terms.to_system else 0
    if code or deliveries or receivers:
        return
    only_system = terms.to_system and not terms.to_person
    raise Undeliverable(Failure.NO_RECEIVER if only_system else Failure.NOT_REACHABLE)


def _granted(gift: Gift) -> str:
    """Has a pass made, notes which, and returns its code.

    Raises:
        Undeliverable: Passes are off in this gym, or not installed.
    """
    grant = getattr(hooks(), "grant_gift_pass", None)
    granted: GiftPass | None = None
    if grant is not None:
        granted = grant(
            client_id=gift.client_id,
            uses=gift.gift_uses,
            expires_in_days=gift.gift_expires_in_days,
            reason=gift.title,
        )
    if granted is None:
        raise Undeliverable(Failure.PASSES_OFF)
    gift.pass_id = granted.pass_id
    return granted.code


def _sent(gift: Gift) -> int:
    """Writes the webhooks; returns how many systems get it. A code is not in them."""
    return send(
        WEBHOOK,
        {
            "giftId": gift.id,
            "clientId": gift.client_id,
            "definitionId": gift.definition_id,
            "occurrence": gift.occurrence,
            "kind": gift.gift_kind,
            "title": gift.title,
            "text": gift.gift_text,
        },
        about=gift.client_id,
    )
