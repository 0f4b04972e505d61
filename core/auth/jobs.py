"""Jobs of accounts: answering strangers."""

from typing import Final
from uuid import UUID

from core.auth.recovery import answer_forgot
from core.auth.registration import answer_resend, answer_sign_up, find_request
from core.db.unit import session
from core.jobs.actor import WhenOff, actor

_ANSWERS: Final = {
    "register": answer_sign_up,
    "resend": answer_resend,
    "forgot": answer_forgot,
}


@actor("auth.answer", when_off=WhenOff.RUN)
def answer(*, request_id: UUID, public_url: str) -> None:
    """Answers, by mail, what a stranger asked for."""
    asked = find_request(request_id)
    if asked is None:
        return
    _ANSWERS[asked.kind](asked, public_url)
    session().delete(asked)
    session().flush()


ACTORS: Final = (answer,)
