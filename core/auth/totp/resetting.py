"""Taking the second factor away from somebody who lost it."""

from uuid import UUID

from core.audit.recorder import record_event
from core.auth.accounts import require_manageable
from core.auth.repository import users
from core.auth.sessions import end_sessions
from core.auth.totp.errors import TotpNotEnabled
from core.auth.totp.repository import factors
from core.db.unit import session
from core.db.versions import bump
from core.notifications.service import send_mail


def reset_second_factor(user_id: UUID) -> None:
    """Switches a person's second factor off, ends their log-ins and tells them by mail.

    Nobody does so for themselves: ``/auth/totp/disable`` asks for their password.

    Raises:
        NotFound: There is no such account.
        NotYourself: It is the caller's own.
        RoleNotGrantable: The caller may not manage this account.
        TotpNotEnabled: The person has none.
    """
    user = users.get(user_id)
    require_manageable(user, changes_rights=True)
    if factors.enabled(user.id) is None:
        raise TotpNotEnabled
    factors.drop(user.id)
    end_sessions(user.id)
    bump(session(), user.id)
    record_event("auth.totp_reset", "user", user.id)
    send_mail(template="auth.totp_reset", variables={}, to_user_id=user.id)
