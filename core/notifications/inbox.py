"""The caller's own inbox."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from core.clock import utc_now
from core.context import current
from core.db.unit import session
from core.errors import AuthRequired
from core.http.page import Page
from core.http.stream import read_stream
from core.notifications import inbox_rows
from core.notifications.errors import InboxItemUnknown
from core.notifications.models import InboxItem


def read_inbox(query: Mapping[str, Any]) -> Page:
    """A part of the caller's inbox, newest first.

    Args:
        query: ``page`` and ``limit``, or ``cursor``; ``unread`` for those alone that
            were, or were not, read.
    """
    user_id, unread, limit = caller(), query.get("unread"), query["limit"]
    return read_stream(
        query,
        purpose="inbox",
        by_page=lambda: inbox_rows.read_page(
            user_id, unread=unread, page=query["page"], limit=limit
        ),
        onward=lambda position: inbox_rows.read_on(
            user_id, position, unread=unread, limit=limit
        ),
    )


def count() -> int:
    """How many messages the caller has not read."""
    return inbox_rows.count_unread(caller())


def mark(item_id: UUID, *, read: bool) -> InboxItem:
    """Marks a message of the caller's as read or unread.

    Raises:
        InboxItemUnknown: The caller has no such message.
    """
    row = inbox_rows.find(caller(), item_id)
    if row is None:
        raise InboxItemUnknown
    if read != (row.read_at is not None):
        row.read_at = utc_now() if read else None
        session().flush()
    return row


def mark_all() -> int:
    """Marks all messages of the caller's as read; says how many were not."""
    return inbox_rows.mark_all_read(caller())


def caller() -> UUID:
    """The account of the caller.

    Raises:
        AuthRequired: The caller is no person.
    """
    user_id = current().actor.user_id
    if user_id is None:
        raise AuthRequired
    return user_id
