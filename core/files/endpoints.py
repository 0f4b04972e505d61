"""The file routes."""

from typing import Any
from uuid import UUID

from flask import Response, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from core.errors import (
    Forbidden,
    PayloadTooLarge,
    PlanLimit,
    UnsupportedMediaType,
)
from core.files import completion, service, transfer
from core.files.errors import (
    AlreadyUploaded,
    ChecksumMismatch,
    ContentRefused,
    FileForbidden,
    FileInUse,
    FileNotReady,
    FileRejected,
    FileTooLarge,
    FileUnknown,
    LinkExpired,
    NotUploaded,
    PurposeUnknown,
    RangeRefused,
    SignatureInvalid,
    SizeMismatch,
    StoreFailed,
    TypeMismatch,
    TypeNotAllowed,
    UploadSpent,
    UploadTooSlow,
)
from core.files.models import StoredFile
from core.files.names import disposition
from core.files.permissions import DELETE, READ, UPLOAD
from core.files.schemas import (
    CompleteIn,
    FileOut,
    FileQuery,
    FileRow,
    SignedOut,
    SignIn,
)
from core.http.blueprint import Blueprint
from core.http.bodies import STREAMED
from core.http.envelope import success
from core.http.page import Page
from core.http.pipeline import step

_SANDBOX = "default-src 'none'; frame-ancestors 'none'; sandbox"

files = Blueprint(
    "files",
    prefix="/files",
    tag="Files",
    description="Files that people upload, and addresses at which they can be read.",
)


@files.post(
    "/sign",
    summary="Sign for an upload",
    permission=UPLOAD,
    body=SignIn,
    returns=SignedOut,
    status=201,
    errors=(
        Forbidden,
        PlanLimit,
        PurposeUnknown,
        TypeNotAllowed,
        FileTooLarge,
    ),
)
def sign_upload(body: dict[str, Any]) -> dict[str, Any]:
    """Answers where the content goes, for a quarter of an hour and one upload.

    Send the content with the method and headers given, then call
    `POST /files/complete`. An upload that is never completed is removed in the night.
    """
    row, link = service.sign(service.Wanted(**body))
    return {"id": row.id, "upload": link}


@files.post(
    "/complete",
    summary="Complete an upload",
    permission=UPLOAD,
    body=CompleteIn,
    returns=FileRow,
    stepwise=True,
    errors=(
        FileUnknown,
        FileForbidden,
        NotUploaded,
        SizeMismatch,
        TypeMismatch,
        ContentRefused,
        ChecksumMismatch,
        FileRejected,
        UploadSpent,
        StoreFailed,
    ),
)
def complete_upload(body: dict[str, Any]) -> StoredFile:
    """The content is held to its declared size, type and checksum.

    Content that does not hold is deleted, and the file is `rejected`. Where uploads
    are scanned, a good one is `scanning` first, and then `ready`.
    """
    return completion.complete(body["id"], step)


@files.get(
    summary="List files",
    permission=READ,
    query=FileQuery,
    returns=FileRow,
    paged=True,
)
def list_files(query: dict[str, Any]) -> Page:
    """One's own, and those of others that their purpose lets the caller read."""
    return service.listed(
        query, paging=(query["page"], query["limit"]), sort=query["sort"]
    )


@files.get(
    "/<uuid:file_id>",
    summary="Show a file",
    permission=READ,
    returns=FileOut,
    also_status=(202,),
    errors=(FileUnknown, FileForbidden, FileNotReady),
)
def show_file(file_id: UUID) -> Response:
    """Gives an address at which the content can be read for ten minutes.

    202 and no address while the file is not ready; only its uploader and staff see it
    then.
    """
    shown = service.show(file_id)
    waits = shown.file.status in {"pending", "scanning"}
    link = shown.link
    data = {
        **FileRow().dump(shown.file),
        **FileOut(only=("url", "expires_at")).dump(
            {
                "url": link.url if link else None,
                "expires_at": link.expires_at if link else None,
            }
        ),
    }
    return success(data, status=202 if waits else 200)


@files.delete(
    "/<uuid:file_id>",
    summary="Delete a file",
    permission=DELETE,
    status=204,
    errors=(FileUnknown, FileForbidden, FileInUse),
)
def delete_file(file_id: UUID) -> None:
    """One's own; those of others with the permission `files.any.delete`."""
    service.delete(file_id)


@files.put(
    "/upload/<token>",
    summary="Send content",
    public=True,
    stepwise=True,
    status=204,
    documented=False,
    errors=(
        SignatureInvalid,
        LinkExpired,
        UploadSpent,
        AlreadyUploaded,
        SizeMismatch,
        UploadTooSlow,
        UnsupportedMediaType,
        StoreFailed,
    ),
)
def receive_content(token: str) -> None:
    """The address comes from `POST /files/sign`; it is the right to use it."""
    if not request.environ.get(STREAMED):
        raise PayloadTooLarge("Send content to the address exactly as it was given.")
    body = transfer.Body(
        request.environ["wsgi.input"],
        request.content_length,
        request.mimetype,
        request.headers.get("Content-Encoding", "identity").lower(),
    )
    transfer.receive(token, body, step)


@files.get(
    "/content/<token>",
    summary="Read content",
    public=True,
    stepwise=True,
    documented=False,
    errors=(
        SignatureInvalid,
        LinkExpired,
        FileUnknown,
        FileNotReady,
        FileRejected,
        RangeRefused,
        StoreFailed,
    ),
)
def send_content(token: str) -> Response:
    """The address comes from `GET /files/{id}`; parts can be asked for by `Range`."""
    content = transfer.send(token, step)
    answer = Response(
        FileWrapper(content.stream),
        mimetype=content.media_type,
        direct_passthrough=True,
    )
    answer.content_length = content.size_bytes
    answer.set_etag(content.object_id.hex)
    try:
        answer.make_conditional(
            request, accept_ranges=True, complete_length=content.size_bytes
        )
    except RequestedRangeNotSatisfiable as error:
        answer.close()
        raise RangeRefused(content.size_bytes) from error
    answer.headers["Content-Disposition"] = disposition(
        content.name, content.media_type
    )
    answer.headers["Content-Security-Policy"] = _SANDBOX
    answer.headers["Cache-Control"] = "private, max-age=300"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
