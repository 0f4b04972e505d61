"""Gyms as files: asked for, followed and downloaded."""

from typing import Any, Final
from uuid import UUID

from flask import Response

from core.errors import TenantUnknown
from core.http.blueprint import Blueprint
from core.privacy.archives import KEPT
from tenants import archive
from tenants.archive import Site
from tenants.errors import ExportGone, ExportNotReady, ExportUnknown, NothingToLockWith
from tenants.models import ExportStatus, GymExport
from tenants.platform.access import TAG, installed, operator_id, operator_units
from tenants.platform.schemas import ExportOut

exports = Blueprint(
    "platform_exports",
    prefix="/gyms/<uuid:gym_id>/exports",
    tag=TAG,
    reach="operator",
)

_EXAMPLE: Final[dict[str, Any]] = {
    "id": "01a00000-0000-7000-8000-000000000009",
    "gymId": "019b0a52-7c3e-7d10-9f2a-5d1c0e8b4a11",
    "status": "pending",
    "operatorId": "01a00000-0000-7000-8000-000000000001",
    "rows": None,
    "sizeBytes": None,
    "error": None,
    "createdAt": "2026-03-01T09:00:00Z",
    "finishedAt": None,
    "expiresAt": None,
}
_DONE = {
    **_EXAMPLE,
    "status": "done",
    "rows": 48210,
    "sizeBytes": 9120334,
    "finishedAt": "2026-03-01T09:00:20Z",
    "expiresAt": "2026-03-08T09:00:20Z",
}


@exports.post(
    summary="Ask for a gym as a file",
    signed_in=True,
    status=202,
    returns=ExportOut,
    errors=(NothingToLockWith, TenantUnknown),
    example=_EXAMPLE,
)
def ask_export(gym_id: UUID) -> dict[str, Any]:
    """The background processes write it; while one waits, it is answered again."""
    wanted = archive.exports.ask(Site.of(installed()), gym_id, operator_id())
    return _shown(wanted)


@exports.get(
    "/<uuid:export_id>",
    summary="Show how far an export is",
    signed_in=True,
    returns=ExportOut,
    errors=(ExportUnknown,),
    example=_DONE,
)
def show_export(gym_id: UUID, export_id: UUID) -> dict[str, Any]:
    """`failed` after three attempts; ask for another one then."""
    return _shown(archive.exports.get(operator_units(), gym_id, export_id))


@exports.get(
    "/<uuid:export_id>/download",
    summary="Download an export",
    signed_in=True,
    media_type="application/octet-stream",
    errors=(ExportGone, ExportNotReady, ExportUnknown),
)
def download_export(gym_id: UUID, export_id: UUID) -> Response:
    """For seven days; locked as backups are, for `palestra tenants import`."""
    chunks, size = archive.exports.download(operator_units(), gym_id, export_id)
    name = f'attachment; filename="{gym_id}.palestra"'
    return Response(
        chunks,
        mimetype="application/octet-stream",
        headers={
            "Content-Length": str(size),
            "Content-Disposition": name,
            "Cache-Control": "no-store",
        },
    )


def _shown(row: GymExport) -> dict[str, Any]:
    there = row.status == ExportStatus.DONE and row.finished_at is not None
    return {
        "id": row.id,
        "gym_id": row.gym_id,
        "status": row.status,
        "operator_id": row.operator_id,
        "rows": row.rows,
        "size_bytes": row.size_bytes,
        "error": row.error,
        "created_at": row.created_at,
        "finished_at": row.finished_at,
        "expires_at": row.finished_at + KEPT if there and row.finished_at else None,
    }
