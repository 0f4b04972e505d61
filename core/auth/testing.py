"""For the test kit: a token without the cost of a password hash."""

from uuid import UUID

from core.auth.identity import JwtIdentity
from core.auth.repository import users
from core.auth.sessions import open_session
from core.http.pipeline import Palestra


def issue_token(app: Palestra, *, tenant_id: UUID, user_id: UUID) -> str:
    """Begins a log-in session for a user and gives its access token.

    A unit of work must be open in the user's gym; the token is good after its commit.
    """
    identity = app.platform.identity
    user = users.find(user_id)
    if not isinstance(identity, JwtIdentity) or user is None:
        raise LookupError(f"There is no user {user_id} who could log in here.")
    opened = open_session(user, identity.settings, user_agent="tests")
    return identity.tokens.issue(
        tenant_id=tenant_id, user_id=user_id, session_id=opened.session_id
    )
