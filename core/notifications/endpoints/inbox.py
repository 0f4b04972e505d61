"""``/me/inbox``: what the gym told the caller."""

from typing import Any
from uuid import UUID

from core.errors import Unprocessable
from core.http.blueprint import Blueprint
from core.http.page import Page
from core.notifications import inbox as service
from core.notifications.errors import InboxItemUnknown
from core.notifications.inbox_schemas import (
    InboxCount,
    InboxItemOut,
    InboxMark,
    InboxQuery,
)
from core.notifications.models import InboxItem

inbox = Blueprint("inbox", prefix="/me/inbox", tag="My account")


@inbox.get(
    summary="Read my inbox",
    signed_in=True,
    query=InboxQuery,
    returns=InboxItemOut,
    paged=True,
    errors=(Unprocessable,),
)
def index(query: dict[str, Any]) -> Page:
    """Newest first. Messages are kept for 180 days.

    Answers carry `nextCursor` while there is more; reading on with it costs the same
    at any depth.
    """
    return service.read_inbox(query)


@inbox.get(
    "/count", summary="Count my unread messages", signed_in=True, returns=InboxCount
)
def count() -> dict[str, int]:
    """For the badge beside the inbox."""
    return {"unread": service.count()}


@inbox.patch(
    "/<uuid:item_id>",
    summary="Mark a message as read",
    signed_in=True,
    body=InboxMark,
    returns=InboxItemOut,
    errors=(InboxItemUnknown,),
    request_example={"read": True},
)
def mark(item_id: UUID, body: dict[str, Any]) -> InboxItem:
    """Or as unread. Marking twice changes nothing."""
    return service.mark(item_id, read=body["read"])


@inbox.post(
    "/read-all",
    summary="Mark all messages as read",
    signed_in=True,
    returns=InboxCount,
    example={"unread": 0},
)
def mark_all() -> dict[str, int]:
    """Answers how many are unread now."""
    service.mark_all()
    return {"unread": service.count()}
