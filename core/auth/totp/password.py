"""Asking a person who is logged in for the password again."""

from core.auth.attempts import forgive, note_failure, reserve
from core.auth.login import Step
from core.auth.passwords import matches
from core.auth.repository import users
from core.context import current
from core.errors import AuthRequired, InvalidCredentials


def prove_password(password: str, step: Step) -> None:
    """Holds the caller to their password; no transaction is open while hashing.

    Raises:
        InvalidCredentials: It is another one.
        AuthLocked: Too many were wrong lately.
        AuthRequired: The caller is no person.
    """
    user_id = current().actor.user_id
    if user_id is None:
        raise AuthRequired

    def known() -> str | None:
        user = users.find(user_id)
        return user.password_hash if user is not None else None

    reserved = step(lambda: reserve("password", user_id))
    if not matches(step(known), password):
        step(lambda: note_failure(reserved, user_id))
        raise InvalidCredentials
    step(lambda: forgive(reserved))
