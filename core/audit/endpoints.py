"""``GET /audits``."""

from typing import Any

from core.audit.permissions import READ_ENTRIES
from core.audit.repository import read_on, read_page
from core.audit.schemas import AuditEntryOut, AuditQuery
from core.errors import Unprocessable
from core.http.blueprint import Blueprint
from core.http.page import Page
from core.http.stream import read_stream

audits = Blueprint(
    "audits",
    prefix="/audits",
    tag="Audit log",
    description="Who did what, and when.",
)


@audits.get(
    summary="Read the audit log",
    permission=READ_ENTRIES,
    query=AuditQuery,
    returns=AuditEntryOut,
    paged=True,
    errors=(Unprocessable,),
)
def list_entries(query: dict[str, Any]) -> Page:
    """Lists what was done, newest first unless asked otherwise.

    Answers in time order carry `nextCursor` while there is more; reading on with it
    costs the same at any depth and misses nothing that is written meanwhile.
    """
    limit = query["limit"]
    return read_stream(
        query,
        purpose="audits",
        by_page=lambda: read_page(
            query, page=query["page"], limit=limit, sort=query["sort"]
        ),
        onward=lambda position: read_on(query, position, limit=limit),
    )
