"""Asking for an export or an erasure, and following what became of it."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from core.audit.recorder import record_event
from core.auth.accounts import require_manageable, require_other_admin
from core.auth.models import User
from core.auth.repository import auth_sessions, users
from core.auth.totp.password import prove_password
from core.clock import utc_now
from core.context import current
from core.db.unit import session
from core.errors import AuthRequired, Forbidden
from core.http.page import Page
from core.jobs.outbox import enqueue, withdraw
from core.plugin.settings import setting
from core.privacy.archives import Archives
from core.privacy.errors import (
    ArchiveGone,
    ArchiveNotReady,
    PasswordNeeded,
    PersonErased,
    PersonUnknown,
    RequestBegun,
    RequestUnknown,
)
from core.privacy.holders import Step, privacy
from core.privacy.models import PrivacyRequest, RequestKind, RequestStatus
from core.privacy.permissions import MANAGE
from core.privacy.repository import requests

RECENT: Final = timedelta(minutes=15)
"""A log-in younger than this needs no password again."""

GRACE: Final = "privacy.erase.graceDays"

_JOBS: Final = {
    RequestKind.EXPORT: "privacy.export",
    RequestKind.ERASE: "privacy.erase",
}


def ask_export(person: UUID | None) -> PrivacyRequest:
    """Asks for all that is held about a person; None means the caller.

    While an export of the person waits, the same request is answered again.

    Raises:
        Forbidden: It is somebody else, and the caller does not manage requests.
        PersonUnknown: There is no such person.
        PersonErased: Nothing is left of them.
        RoleNotGrantable: The caller may not manage this person's account.
    """
    user = _subject(person)
    if user.erased_at is not None:
        raise PersonErased
    return _opened(RequestKind.EXPORT, user.id, utc_now())


def ask_erase(person: UUID | None, password: str | None, step: Step) -> PrivacyRequest:
    """Asks for the end of a person's data; None means the caller.

    Args:
        person: Whose.
        password: The caller's, where it is about themselves and their log-in is
            not recent.
        step: Opens a transaction; none is open while the password is hashed.

    Raises:
        PasswordNeeded: The caller did not show that it is them.
        InvalidCredentials: The password is wrong.
        LastAdmin: No active admin would be left.
        AppError: As ``ask_export``.
    """
    if person in {None, current().actor.user_id}:
        if password is not None:
            prove_password(password, step)
        elif not step(_logged_in_lately):
            raise PasswordNeeded
    return step(lambda: _asked_erase(person))


def _asked_erase(person: UUID | None) -> PrivacyRequest:
    user = _subject(person)
    if user.erased_at is not None:
        begun = requests.latest_done(RequestKind.ERASE, user.id)
        if begun is not None:
            return begun
    require_other_admin(user)
    days = setting(current().require_gym(), GRACE)
    return _opened(RequestKind.ERASE, user.id, utc_now() + timedelta(days=days))


def list_requests(wanted: dict[str, Any]) -> Page:
    """Reads one page: all for whoever manages them, else those of the caller."""
    return requests.listed(wanted)


def get_request(request_id: UUID, *, lock: bool = False) -> PrivacyRequest:
    """Returns a request that the caller may see.

    Raises:
        RequestUnknown: There is none.
    """
    found = requests.seen(request_id, lock=lock)
    if found is None:
        raise RequestUnknown
    return found


def cancel(request_id: UUID) -> PrivacyRequest:
    """Takes a request back whose job has not begun.

    Raises:
        RequestUnknown: There is no such request.
        RequestBegun: Its job has begun, or it is over.
    """
    request = get_request(request_id, lock=True)
    if (
        request.status != RequestStatus.PENDING
        or request.started_at is not None
        or not withdraw(_JOBS[RequestKind(request.kind)], key=str(request.id))
    ):
        raise RequestBegun
    request.status = RequestStatus.CANCELLED.value
    request.finished_at = utc_now()
    session().flush()
    return request


def download(request_id: UUID) -> tuple[Iterator[bytes], int]:
    """Opens the archive of an export, for its person or whoever manages requests.

    Returns:
        Its bytes, and how many.

    Raises:
        RequestUnknown: There is no such request.
        ArchiveNotReady: It has no archive.
        ArchiveGone: The archive is no longer kept.
        RoleNotGrantable: The caller may not manage this person's account.
    """
    request = get_request(request_id)
    if not _is_for_the_caller(request):
        raise RequestUnknown
    if request.status == RequestStatus.EXPIRED:
        raise ArchiveGone
    if request.kind != RequestKind.EXPORT or request.status != RequestStatus.DONE:
        raise ArchiveNotReady
    opened = _archive(privacy().archives, request)
    record_event(
        "privacy.downloaded", "user", request.person_id, {"request": request.id}
    )
    return opened


def _is_for_the_caller(request: PrivacyRequest) -> bool:
    """Whether the caller may read what is in the archive of a request they see."""
    actor = current().actor
    if request.person_id == actor.user_id:
        return True
    if not actor.may(MANAGE.name):
        return False
    user = users.find(request.person_id)
    if user is not None:
        require_manageable(user, changes_rights=False)
    return True


def _archive(
    archives: Archives, request: PrivacyRequest
) -> tuple[Iterator[bytes], int]:
    size = archives.size(request.tenant_id, request.id)
    over = request.expires_at is not None and request.expires_at <= utc_now()
    if size is None or over:
        raise ArchiveGone
    return archives.chunks(request.tenant_id, request.id), size


def _subject(person: UUID | None) -> User:
    """The account that is meant, where the caller may ask about it."""
    actor = current().actor
    if actor.user_id is None:
        raise AuthRequired
    if person in {None, actor.user_id}:
        person = actor.user_id
    elif not actor.may(MANAGE.name):
        raise Forbidden(details={"permission": MANAGE.name})
    user = users.find(person)
    if user is None:
        raise PersonUnknown
    require_manageable(user, changes_rights=False)
    return user


def _logged_in_lately() -> bool:
    login = current().actor.session_id
    row = auth_sessions.find(login) if login is not None else None
    return row is not None and row.created_at > utc_now() - RECENT


def _opened(kind: RequestKind, person: UUID, run_at: datetime) -> PrivacyRequest:
    request, made = requests.open(kind, person, run_at)
    if made:
        args, key = {"request_id": request.id}, str(request.id)
        enqueue(_JOBS[kind], args=args, run_at=run_at, key=key)
        record_event(
            f"privacy.{kind.value}_asked", "user", person, {"request": request.id}
        )
    return request
