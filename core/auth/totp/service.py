"""Setting up a second factor, asking for it, and switching it off again."""

from typing import Any
from uuid import UUID

import structlog

from core.audit.recorder import record_event
from core.auth.attempts import Reservation, forgive, note_failure, reserve
from core.auth.login import Step
from core.auth.models import RecoveryCode, TotpFactor, User
from core.auth.repository import users
from core.auth.totp.errors import (
    TotpEnabled,
    TotpInvalid,
    TotpNotConfirmed,
    TotpNotEnabled,
    TotpRequired,
)
from core.auth.totp.repository import factors, recovery_codes
from core.auth.totp.secrets import (
    RECOVERY_CODES,
    Secrets,
    compact,
    fitting_steps,
    is_totp,
    new_recovery_code,
    new_secret,
    otpauth_uri,
    qr_svg,
)
from core.clock import utc_now
from core.config import Settings
from core.config.vault import SealBroken
from core.context import Gym, current
from core.db.unit import session
from core.db.versions import bump
from core.errors import AuthRequired
from core.ids import new_id
from core.plugin.settings import setting

log = structlog.get_logger(__name__)

REQUIRED_ROLES = "auth.totp.requiredRoles"


class SecondFactors:
    """The second factors of accounts.

    Args:
        settings: Keys are derived from its master key.
    """

    def __init__(self, settings: Settings) -> None:
        self._secrets = Secrets(settings)

    def set_up(self) -> dict[str, Any]:
        """Hands out a new secret; it counts only once ``confirm`` has seen its code.

        Raises:
            TotpEnabled: The caller has a second factor already.
        """
        user = _caller()
        factor = factors.of(user.id)
        if factor is not None and factor.confirmed_at is not None:
            raise TotpEnabled
        secret = new_secret()
        sealed = self._secrets.close(secret, tenant_id=user.tenant_id, user_id=user.id)
        if factor is None:
            factors.add(TotpFactor(id=new_id(), user_id=user.id, secret=sealed))
        else:
            factor.secret, factor.created_at = sealed, utc_now()
            factor.last_step = None
        gym = current().require_gym()
        uri = otpauth_uri(secret, account=user.email, issuer=gym.name)
        return {"secret": secret, "otpauth_uri": uri, "qr_svg": qr_svg(uri)}

    def confirm(self, code: str) -> list[str]:
        """Switches the second factor on, given the first code of the app.

        Returns:
            The recovery codes, which exist nowhere else in the clear.

        Raises:
            TotpEnabled: It is on already.
            TotpNotConfirmed: The code does not fit, or nothing was set up.
        """
        user = _caller()
        factor = factors.of(user.id)
        if factor is not None and factor.confirmed_at is not None:
            raise TotpEnabled
        if factor is None or not self._accept_step(factor, compact(code)):
            raise TotpNotConfirmed
        factor.confirmed_at = utc_now()
        record_event("auth.totp_enabled", "user", user.id)
        bump(session(), user.id)
        return self._new_codes(user)

    def renew_codes(self) -> list[str]:
        """Gives the caller new recovery codes; the old ones are void.

        Raises:
            TotpNotEnabled: The caller has no second factor.
        """
        user = _caller()
        if factors.enabled(user.id) is None:
            raise TotpNotEnabled
        record_event("auth.recovery_codes_renewed", "user", user.id)
        return self._new_codes(user)

    def disable(self) -> None:
        """Switches the caller's second factor off; its recovery codes are void.

        Raises:
            TotpNotEnabled: The caller has none.
        """
        user = _caller()
        if factors.enabled(user.id) is None:
            raise TotpNotEnabled
        factors.drop(user.id)
        record_event("auth.totp_disabled", "user", user.id)
        bump(session(), user.id)

    def status(self) -> dict[str, Any]:
        """How the caller's second factor stands."""
        here = current()
        user_id = here.actor.user_id
        if user_id is None:
            raise AuthRequired
        factor = factors.enabled(user_id)
        return {
            "enabled": factor is not None,
            "required": is_required(here.require_gym(), here.actor.role),
            "confirmed_at": factor.confirmed_at if factor else None,
            "recovery_codes_left": recovery_codes.left(user_id) if factor else 0,
        }

    def challenge(self, user_id: UUID, typed: str | None, step: Step) -> None:
        """Asks a person for their second factor.

        Each guess is counted before it is compared.

        Args:
            user_id: Who has one, and whose password was found right in this log-in.
            typed: A code of the app or a recovery code.
            step: Runs a piece of work in a transaction of its own.

        Raises:
            TotpRequired: None was given.
            TotpInvalid: It is wrong, too old, or was used before.
            AuthLocked: Too many were wrong lately.
        """
        if typed is None:
            raise TotpRequired
        reserved = step(lambda: reserve("totp", user_id))
        if not step(lambda: self._accept(user_id, typed, reserved)):
            step(lambda: note_failure(reserved, user_id))
            raise TotpInvalid

    def _accept(self, user_id: UUID, typed: str, reserved: Reservation) -> bool:
        """Uses a code up, and forgives the attempt, where the code is right."""
        factor, code = factors.enabled(user_id), compact(typed)
        if factor is None:
            return False
        if is_totp(code):
            accepted = self._accept_step(factor, code)
        else:
            accepted = self._accept_recovery(user_id, code)
        if accepted:
            forgive(reserved)
        return accepted

    def _accept_step(self, factor: TotpFactor, code: str) -> bool:
        if not is_totp(code):
            return False
        try:
            secret = self._secrets.open(
                factor.secret, tenant_id=factor.tenant_id, user_id=factor.user_id
            )
        except SealBroken:
            log.exception("totp.unreadable", userId=str(factor.user_id))
            return False
        steps = fitting_steps(secret, code, utc_now().timestamp())
        return any(factors.use_step(factor.user_id, step) for step in steps)

    def _accept_recovery(self, user_id: UUID, code: str) -> bool:
        left = recovery_codes.unused(user_id)
        fitting = [row for row in left if self._fits(row, code)]
        if not any(recovery_codes.use(row.id, utc_now()) for row in fitting):
            return False
        record_event("auth.recovery_code_used", "user", user_id, user_id=user_id)
        return True

    def _fits(self, row: RecoveryCode, code: str) -> bool:
        try:
            return self._secrets.fits(
                code, row.digest, tenant_id=row.tenant_id, user_id=row.user_id
            )
        except SealBroken:
            log.exception("totp.code_unreadable", userId=str(row.user_id))
            return False

    def _new_codes(self, user: User) -> list[str]:
        codes = [new_recovery_code() for _code in range(RECOVERY_CODES)]
        place = {"tenant_id": user.tenant_id, "user_id": user.id}
        sealed = [self._secrets.close_code(code, **place) for code in codes]
        recovery_codes.replace(user.id, sealed)
        return codes


def is_required(gym: Gym, role: str | None) -> bool:
    """Says whether a gym asks everybody of a role for a second factor."""
    return role in setting(gym, REQUIRED_ROLES)


def _caller() -> User:
    """The caller's account, locked: two of their requests come one after another.

    Raises:
        AuthRequired: The caller is no person.
    """
    user_id = current().actor.user_id
    user = users.find(user_id, lock=True) if user_id else None
    if user is None:
        raise AuthRequired
    return user
