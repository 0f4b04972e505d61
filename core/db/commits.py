"""What is done once a unit of work has come to stay."""

from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import event
from sqlalchemy.orm import Session

from core.db.session import TenantSession
from core.db.unit import session_or_none

_WAITING: Final = "after-commit"


def after_commit(work: Callable[[], Any]) -> None:
    """Does ``work`` when this unit of work has committed; not if it rolls back.

    For what cannot be taken back and is not worth a job, such as counting. Outside a
    unit of work it is done at once. It must not raise, and must not use the session.
    """
    current = session_or_none()
    if current is None:
        work()
        return
    current.info.setdefault(_WAITING, []).append(work)


@event.listens_for(TenantSession, "after_commit")
def _committed(session: Session) -> None:
    if session.in_nested_transaction():  # a savepoint: all may still roll back
        return
    for work in session.info.pop(_WAITING, ()):
        work()
