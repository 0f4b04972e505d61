"""Erasing a person: one part after another, each for good before the next.

An attempt that is cut short goes on where it stopped. The key of the person's values
in the audit log is destroyed last, so its absence says that an erasure is whole.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from core.audit.models import PersonKey
from core.audit.recorder import AuditRecorder, record_event
from core.auth.accounts import close_for_good
from core.auth.errors import LastAdmin
from core.clock import utc_now
from core.context import current
from core.db.personal import Fate
from core.db.statement import Statement, given
from core.db.unit import session
from core.db.versions import bump
from core.files.service import delete_of_person
from core.privacy import rows
from core.privacy.holders import Holder, Privacy, Step, privacy
from core.privacy.ledger import Erased
from core.privacy.models import PrivacyRequest, RequestKind, RequestStatus
from core.privacy.repository import requests

_DESTROYED = Statement(
    select(PersonKey.id).where(
        PersonKey.id == given("person"), PersonKey.destroyed_at.is_not(None)
    )
)


def erase(request_id: UUID, step: Step, *, force: bool = False) -> None:
    """Meets a request to erase; run again, it goes on where it stopped.

    Args:
        request_id: The request.
        step: Opens a transaction in the gym.
        force: Even where no active admin is left.
    """
    begun = step(lambda: _begun(request_id, force=force))
    if begun is None:
        return
    tools, erased = begun
    # Before anything is gone, so that a backup of any later moment is covered.
    tools.ledger.append(erased, utc_now())
    person = erased.person_id
    for holder in tools.holders:
        step(lambda holder=holder: _erase_part(request_id, holder, person))  # type: ignore[misc]
    for export in step(lambda: _drop_exports(person)):
        tools.archives.delete(erased.tenant_id, export)
    step(lambda: _finish(request_id, person))


def is_whole(person: UUID) -> bool:
    """Says whether an erasure of the person was finished in this database."""
    return bool(session().read(_DESTROYED, person=person))


def _begun(request_id: UUID, *, force: bool) -> tuple[Privacy, Erased] | None:
    """Shuts the account; None when there is nothing (more) to do."""
    request = requests.begin(request_id)
    if request is None:
        return None
    try:
        close_for_good(request.person_id, force=force)
    except LastAdmin as refusal:
        request.status = RequestStatus.FAILED.value
        request.error, request.finished_at = str(refusal), utc_now()
        return None
    return privacy(), Erased(request.tenant_id, request.person_id)


def _erase_part(request_id: UUID, holder: Holder, person: UUID) -> None:
    if _is_done(request_id, holder.id):
        return
    lines: list[dict[str, Any]] = []
    if holder.hooks is not None:
        gym = current().require_gym()
        answers = holder.hooks.erase_person(gym=gym, person_id=person)
        lines += [
            {"part": holder.id, "note": note} for notes in answers for note in notes
        ]
        session().flush()
    else:
        # Before their rows, which say where the content lies.
        files = delete_of_person(person)
        if files:
            lines.append({"part": holder.id, "table": "files", **_deleted(files)})
    for done in rows.erase(holder.models, person):
        line = {
            "part": holder.id,
            "table": done.table,
            "column": done.column,
            "fate": done.fate.value,
            "rows": done.rows,
        }
        lines.append(line if done.reason is None else {**line, "reason": done.reason})
    _note(request_id, holder.id, lines)


def _deleted(files: int) -> dict[str, Any]:
    return {"column": "user_id", "fate": Fate.DELETED.value, "rows": files}


def _drop_exports(person: UUID) -> list[UUID]:
    """Ends the person's exports; their archives hold what is erased."""
    requests.expire_of(person)
    return requests.exports_of(person)


def _finish(request_id: UUID, person: UUID) -> None:
    """Destroys the key, after which the log tells nothing personal any more."""
    request = _open(request_id)
    recorder = session().recorder
    if isinstance(recorder, AuditRecorder):
        recorder.keys.destroy(session(), person)
    bump(session(), person)
    request.status = RequestStatus.DONE.value
    request.error, request.finished_at = None, utc_now()
    record_event("privacy.erased", "user", person, {"request": request.id})


def _open(request_id: UUID) -> PrivacyRequest:
    found = requests.find(request_id, lock=True)
    if found is None or found.kind != RequestKind.ERASE:
        raise LookupError("The request is gone.")
    return found


def _is_done(request_id: UUID, part: str) -> bool:
    return part in _open(request_id).steps


def _note(request_id: UUID, part: str, lines: list[dict[str, Any]]) -> None:
    request = _open(request_id)
    request.steps = [*request.steps, part]
    request.report = [*request.report, *lines]
