"""Lists that keep growing: the first pages by number, then on from a cursor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app

from core.context import current
from core.http import cursor
from core.http.page import Page


@dataclass(frozen=True, slots=True)
class Position:
    """Where a reader of a list stopped: the last row seen, and the direction."""

    at: datetime
    id: UUID
    descending: bool


Found = tuple[Page, Position | None]
"""A page, and where a cursor goes on from it; None at the end of the list."""


def read_stream(
    query: Mapping[str, Any],
    *,
    purpose: str,
    by_page: Callable[[], Found],
    onward: Callable[[Position], Found],
) -> Page:
    """Reads a part of a growing list, and signs where it goes on.

    Args:
        query: Of the request, as its schema loaded it; ``cursor`` may be in it.
        purpose: Which list; a cursor of another is refused.
        by_page: Reads the page that the query asks for.
        onward: Reads on from a position.

    Raises:
        Unprocessable: The cursor was not made for this list of this gym.
    """
    given = query.get("cursor")
    if given is None:
        page, follows = by_page()
        if follows is None:
            return page
        return replace(page, next_cursor=_signed(follows, _secret(), purpose))
    secret = _secret()
    page, follows = onward(_read(given, secret, purpose))
    if follows is None:
        return page
    return replace(page, next_cursor=_signed(follows, secret, purpose))


def _signed(position: Position, secret: bytes, purpose: str) -> str:
    parts = [position.at.isoformat(), str(position.id), position.descending]
    return cursor.sign(secret, parts, purpose=purpose, scope=_scope())


def _read(given: str, secret: bytes, purpose: str) -> Position:
    at, row_id, descending = cursor.verify(
        secret, given, purpose=purpose, scope=_scope()
    )
    return Position(datetime.fromisoformat(at), UUID(row_id), descending)


def _scope() -> str:
    return str(current().require_gym().id)


def _secret() -> bytes:
    secret: bytes = current_app.config["PALESTRA_CURSOR_SECRET"]()
    return secret
