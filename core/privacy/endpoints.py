"""Export and erasure, for oneself or, by those who may, for others."""

from typing import Any, Final
from uuid import UUID

from flask import Response

from core.auth.errors import AuthLocked, LastAdmin, RoleNotGrantable
from core.errors import Forbidden, InvalidCredentials
from core.http.blueprint import Blueprint
from core.http.page import Page
from core.http.pipeline import step
from core.privacy import service
from core.privacy.errors import (
    ArchiveGone,
    ArchiveNotReady,
    PasswordNeeded,
    PersonErased,
    PersonUnknown,
    RequestBegun,
    RequestUnknown,
)
from core.privacy.models import PrivacyRequest
from core.privacy.schemas import EraseBody, ExportBody, RequestOut, RequestQuery

privacy = Blueprint(
    "privacy",
    prefix="/privacy",
    tag="Privacy",
    description="A person's data: all of it as a file, or its end.",
)

_PERSON = "01a00000-0000-7000-8000-000000000001"
_REQUEST: Final[dict[str, Any]] = {
    "id": "01a00000-0000-7000-8000-000000000009",
    "kind": "export",
    "status": "pending",
    "userId": _PERSON,
    "requestedBy": _PERSON,
    "createdAt": "2026-03-01T09:00:00Z",
    "runAt": "2026-03-01T09:00:00Z",
    "finishedAt": None,
    "error": None,
    "sizeBytes": None,
    "expiresAt": None,
    "report": [],
}
_ERASED = {
    **_REQUEST,
    "kind": "erase",
    "status": "done",
    "finishedAt": "2026-03-01T09:00:04Z",
    "report": [
        {
            "part": "members",
            "table": "members_clients",
            "column": "id",
            "fate": "deleted",
            "rows": 1,
        },
        {"part": "scheduling", "note": "2 coming sessions were canceled."},
    ],
}


@privacy.post(
    "/export",
    summary="Ask for a person's data",
    signed_in=True,
    body=ExportBody,
    returns=RequestOut,
    status=202,
    errors=[Forbidden, PersonErased, PersonUnknown, RoleNotGrantable],
    example=_REQUEST,
    request_example={},
)
def export(body: dict[str, Any]) -> PrivacyRequest:
    """A job builds a ZIP of all that core and every plugin hold, on or off.

    `userId` of somebody else takes the permission `privacy.request.manage`. While an
    export of the person waits, the same request is answered again.
    """
    return service.ask_export(body.get("user_id"))


@privacy.post(
    "/erase",
    summary="Ask for the end of a person's data",
    signed_in=True,
    stepwise=True,
    body=EraseBody,
    returns=RequestOut,
    status=202,
    errors=[
        AuthLocked,
        Forbidden,
        InvalidCredentials,
        LastAdmin,
        PasswordNeeded,
        PersonUnknown,
        RoleNotGrantable,
    ],
    example={**_REQUEST, "kind": "erase"},
    request_example={"password": "Nine-Lamps-Glow-42"},
)
def erase(body: dict[str, Any]) -> PrivacyRequest:
    """A job deletes what is theirs and empties what the gym has to keep.

    It cannot be undone. It begins after the days that the setting
    `privacy.erase.graceDays` gives, at once by default, and can be taken back until
    then. `userId` of somebody else takes the permission `privacy.request.manage`.
    """
    return service.ask_erase(body.get("user_id"), body.get("password"), step)


@privacy.get(
    "/requests",
    summary="Requests about people's data",
    signed_in=True,
    query=RequestQuery,
    returns=RequestOut,
    paged=True,
    example=[_ERASED],
)
def index(query: dict[str, Any]) -> Page:
    """All for whoever manages them, else those by or about the caller."""
    return service.list_requests(query)


@privacy.get(
    "/requests/<uuid:request_id>",
    summary="One request",
    signed_in=True,
    returns=RequestOut,
    errors=[RequestUnknown],
    example=_ERASED,
)
def show(request_id: UUID) -> PrivacyRequest:
    """How far it is, and of an erasure what was done in which table."""
    return service.get_request(request_id)


@privacy.get(
    "/requests/<uuid:request_id>/download",
    summary="Download an export",
    signed_in=True,
    media_type="application/zip",
    errors=[ArchiveGone, ArchiveNotReady, RequestUnknown, RoleNotGrantable],
)
def download(request_id: UUID) -> Response:
    """For seven days; to the person and to whoever manages requests, to nobody else."""
    chunks, size = service.download(request_id)
    return Response(
        chunks,
        mimetype="application/zip",
        headers={
            "Content-Length": str(size),
            "Content-Disposition": f'attachment; filename="export-{request_id}.zip"',
            "Cache-Control": "no-store",
        },
    )


@privacy.post(
    "/requests/<uuid:request_id>/cancel",
    summary="Take a request back",
    signed_in=True,
    returns=RequestOut,
    errors=[RequestBegun, RequestUnknown],
    example={**_REQUEST, "status": "cancelled", "finishedAt": "2026-03-01T09:05:00Z"},
)
def cancel(request_id: UUID) -> PrivacyRequest:
    """Only until its job begins."""
    return service.cancel(request_id)
