"""All SQL on second factors and recovery codes."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select

from core.auth.models import RecoveryCode, TotpFactor
from core.db.compiled_writes import Deleting, Updating
from core.db.session import TenantSession
from core.db.statement import Statement, given
from core.db.writes import insert_new
from core.ids import new_id
from core.rbac.repository import Repository

_OF_USER = Statement(
    select(TotpFactor).where(TotpFactor.user_id == given("user_id")), refresh=True
)
_CONFIRMED = Statement(
    select(TotpFactor.id).where(
        TotpFactor.user_id == given("user_id"), TotpFactor.confirmed_at.is_not(None)
    )
)
_USE_STEP = Updating(
    TotpFactor,
    TotpFactor.user_id == given("user_id"),
    or_(TotpFactor.last_step.is_(None), TotpFactor.last_step < given("step")),
    values={"last_step": given("step")},
)
_DROP = Deleting(TotpFactor, TotpFactor.user_id == given("user_id"))


class TotpFactors(Repository[TotpFactor]):
    """Second factors."""

    model = TotpFactor

    def of(self, user_id: UUID) -> TotpFactor | None:
        """The person's factor, confirmed or not, as it is in the database now."""
        found: TotpFactor | None = self.session.read_one(_OF_USER, user_id=user_id)
        return found

    def enabled(self, user_id: UUID) -> TotpFactor | None:
        """The person's factor, where logging in asks for it."""
        factor = self.of(user_id)
        return factor if factor is not None and factor.confirmed_at else None

    def use_step(self, user_id: UUID, step: int) -> bool:
        """Uses a time step up; True for one caller, however many try at once."""
        return bool(_USE_STEP.run(self.session, user_id=user_id, step=step))

    def drop(self, user_id: UUID) -> None:
        """Removes the person's factor and recovery codes."""
        _DROP.run(self.session, user_id=user_id)
        _DROP_CODES.run(self.session, user_id=user_id)


_UNUSED = Statement(
    select(RecoveryCode).where(
        RecoveryCode.user_id == given("user_id"), RecoveryCode.used_at.is_(None)
    )
)
_LEFT = Statement(
    select(func.count(RecoveryCode.id)).where(
        RecoveryCode.user_id == given("user_id"), RecoveryCode.used_at.is_(None)
    )
)
_USE_CODE = Updating(
    RecoveryCode,
    RecoveryCode.id == given("code_id"),
    RecoveryCode.used_at.is_(None),
    values={"used_at": given("now")},
)
_DROP_CODES = Deleting(RecoveryCode, RecoveryCode.user_id == given("user_id"))


class RecoveryCodes(Repository[RecoveryCode]):
    """Recovery codes."""

    model = RecoveryCode

    def replace(self, user_id: UUID, sealed: Iterable[bytes]) -> None:
        """Gives a person new codes; the old ones are void."""
        _DROP_CODES.run(self.session, user_id=user_id)
        rows = [{"id": new_id(), "user_id": user_id, "digest": one} for one in sealed]
        insert_new(self.session, RecoveryCode, rows)

    def unused(self, user_id: UUID) -> Sequence[RecoveryCode]:
        """The codes that a person has left."""
        return self.session.read(_UNUSED, user_id=user_id)

    def use(self, code_id: UUID, now: datetime) -> bool:
        """Uses a code up; True for one caller, however many try at once."""
        return bool(_USE_CODE.run(self.session, code_id=code_id, now=now))

    def left(self, user_id: UUID) -> int:
        """How many codes a person has not used."""
        return self.session.read_value(_LEFT, user_id=user_id) or 0


def is_enabled(session: TenantSession, user_id: UUID) -> bool:
    """Says whether logging in asks the person for a code."""
    return bool(session.read(_CONFIRMED, user_id=user_id))


factors = TotpFactors()
recovery_codes = RecoveryCodes()
