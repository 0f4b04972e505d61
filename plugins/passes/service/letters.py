"""What clients are told about their passes."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from core.sdk.notifications import notify
from plugins.passes.domain.codes import shown
from plugins.passes.service.holdings import zone

GRANTED = "passes.granted"
TOPIC = "passes"


def tell_granted(
    client_id: UUID,
    terms: Mapping[str, Any],
    codes: Sequence[str],
    *,
    title: str | None,
) -> None:
    """Writes to a client who was given passes.

    Args:
        client_id: Who.
        terms: ``kind``, ``remaining`` and ``expires_at`` of each pass.
        codes: Of the passes, as they are kept.
        title: The product's name; None where there is none.
    """
    ends_at = terms["expires_at"]
    last_day = (
        None
        if ends_at is None
        else (ends_at.astimezone(zone()) - timedelta(seconds=1)).date().isoformat()
    )
    notify(
        user_id=client_id,
        template=GRANTED,
        topic=TOPIC,
        variables={
            "kind": terms["kind"],
            "title": title,
            "codes": [shown(code) for code in codes],
            "uses": terms["remaining"],
            "last_day": last_day,
        },
    )
