"""All SQL on accounts, log-in sessions and refresh tokens."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from core.auth.emails import key_of
from core.auth.errors import UsernameTaken
from core.auth.models import (
    AuthSession,
    FitnessLevel,
    RefreshToken,
    TrainingFrequency,
    User,
    UserState,
    UserStatus,
)
from core.db.compiled_writes import Updating
from core.db.statement import Statement, contains, given
from core.http.page import Page
from core.rbac.listing import Listing
from core.rbac.repository import Repository

_ACCOUNTS = Listing(
    select(
        User.id,
        User.email,
        User.username,
        User.name,
        User.phone,
        User.role,
        User.status,
        User.locale,
        User.alias,
        User.avatar_url,
        User.created_at,
        User.updated_at,
        User.version,
    ).where(User.erased_at.is_(None)),
    {
        "role": User.role == given("role"),
        "status": User.status == given("status"),
        "q": or_(
            contains(User.name, "q"),
            contains(User.email, "q"),
            contains(User.username, "q"),
        ),
    },
)

_BY_EMAIL = Statement(select(User).where(User.email_key == given("key")))
_BY_USERNAME = Statement(select(User).where(User.username_key == given("key")))
_OF_ROLE = Statement(select(User.id).where(User.role == given("role")).limit(1))
_ADMINS = Statement(
    select(User.id)
    .where(User.role == given("role"), User.status == UserStatus.ACTIVE.value)
    .order_by(User.id)
    .with_for_update()
)
_STATE = Statement(
    select(UserState)
    .where(UserState.user_id == given("user_id"))
    .order_by(UserState.recorded_at.desc(), UserState.id.desc())
    .limit(1)
)


class Users(Repository[User]):
    """Accounts."""

    model = User
    sorts = {
        "name": User.name,
        "email": User.email_key,
        "role": User.role,
        "created_at": User.created_at,
    }

    def by_login(self, name: str) -> User | None:
        """Finds an account by e-mail address or user name."""
        by = _BY_EMAIL if "@" in name else _BY_USERNAME
        found: User | None = self.session.read_one(by, key=key_of(name))
        return found

    def by_username(self, username: str) -> User | None:
        """Finds an account by user name."""
        key = key_of(username)
        found: User | None = self.session.read_one(_BY_USERNAME, key=key)
        return found

    def save(self) -> None:
        """Writes changed accounts now.

        Raises:
            UsernameTaken: Another account took the user name at the same moment.
        """
        try:
            self.session.flush()
        except IntegrityError as error:
            if _violates(error, "username_key"):
                raise UsernameTaken from error
            raise

    def any_of_role(self, role: str) -> bool:
        """Says whether any account, shut ones included, has ``role``."""
        return bool(self.session.read(_OF_ROLE, role=role))

    def active_admins(self, role: str) -> list[UUID]:
        """Ids of the active accounts of a role, locked until this unit ends."""
        return [row.id for row in self.session.read(_ADMINS, role=role)]

    def listed(self, *, wanted: dict[str, Any]) -> Page:
        """Reads one page of accounts; the shells of erased people are left out.

        Args:
            wanted: ``page``, ``limit``, ``sort``, and where given ``role``,
                ``status`` and ``q``, which is looked for in names and addresses.
        """
        filters = {name: wanted.get(name) or None for name in ("role", "status", "q")}
        return self.page(
            _ACCOUNTS,
            filters,
            page=wanted["page"],
            limit=wanted["limit"],
            sort=wanted["sort"],
        )

    def latest_state(self, user_id: UUID) -> UserState | None:
        """The person's newest body state."""
        found: UserState | None = self.session.read_one(_STATE, user_id=user_id)
        return found

    def knows_fitness_level(self, code: str) -> bool:
        """Says whether the vocabulary holds ``code``."""
        return self.session.get(FitnessLevel, code) is not None

    def knows_training_frequency(self, code: str) -> bool:
        """Says whether the vocabulary holds ``code``."""
        return self.session.get(TrainingFrequency, code) is not None


_LIVE = Statement(
    select(AuthSession)
    .where(
        AuthSession.user_id == given("user_id"),
        AuthSession.revoked_at.is_(None),
        AuthSession.expires_at > given("now"),
    )
    .order_by(AuthSession.last_used_at.desc(), AuthSession.id)
)
_END_ALL = Updating(
    AuthSession,
    AuthSession.user_id == given("user_id"),
    AuthSession.revoked_at.is_(None),
    values={"revoked_at": given("now")},
)
_END_ONE = Updating(
    AuthSession,
    AuthSession.id == given("session_id"),
    AuthSession.user_id == given("user_id"),
    AuthSession.revoked_at.is_(None),
    values={"revoked_at": given("now")},
)
_END_OTHERS = Updating(
    AuthSession,
    AuthSession.user_id == given("user_id"),
    AuthSession.id.is_distinct_from(given("session_id")),
    AuthSession.revoked_at.is_(None),
    values={"revoked_at": given("now")},
)
_USE_SESSION = Updating(
    AuthSession,
    AuthSession.id == given("session_id"),
    values={"last_used_at": given("now")},
)


class AuthSessions(Repository[AuthSession]):
    """Log-in sessions."""

    model = AuthSession

    def live(self, user_id: UUID, now: datetime) -> list[AuthSession]:
        """The log-ins of a person that have not ended, newest use first."""
        return self.session.read(_LIVE, user_id=user_id, now=now)

    def end(self, user_id: UUID, now: datetime, only: UUID | None = None) -> int:
        """Marks log-ins of a person as revoked; says how many were live."""
        if only is None:
            return len(_END_ALL.run(self.session, user_id=user_id, now=now))
        ended = _END_ONE.run(self.session, user_id=user_id, session_id=only, now=now)
        return len(ended)

    def end_others(self, user_id: UUID, kept: UUID | None, now: datetime) -> None:
        """Marks all log-ins of a person as revoked but one."""
        _END_OTHERS.run(self.session, user_id=user_id, session_id=kept, now=now)

    def use(self, session_id: UUID, now: datetime) -> None:
        """Notes that a log-in was used."""
        _USE_SESSION.run(self.session, session_id=session_id, now=now)


_BY_HASH = Statement(
    select(RefreshToken).where(RefreshToken.token_hash == given("digest")),
    refresh=True,
)
_ROTATE = Updating(
    RefreshToken,
    RefreshToken.token_hash == given("digest"),
    RefreshToken.rotated_at.is_(None),
    RefreshToken.expires_at > given("now"),
    values={"rotated_at": given("now"), "successor_salt": given("salt")},
)


class RefreshTokens(Repository[RefreshToken]):
    """Refresh tokens."""

    model = RefreshToken

    def by_hash(self, digest: bytes) -> RefreshToken | None:
        """Finds a token by its digest, as it is in the database now."""
        found: RefreshToken | None = self.session.read_one(_BY_HASH, digest=digest)
        return found

    def rotate(self, digest: bytes, now: datetime, salt: bytes) -> RefreshToken | None:
        """Uses a token up; it goes to one caller, however many try at once.

        Returns:
            The token; None where it is unknown, was used, or has run out.
        """
        used = _ROTATE.run(self.session, digest=digest, now=now, salt=salt)
        return used[0] if used else None


def _violates(error: IntegrityError, column: str) -> bool:
    """Says whether a unique constraint that ends in ``column`` was hit."""
    return isinstance(error.orig, UniqueViolation) and (
        error.orig.diag.constraint_name or ""
    ).endswith(f"_{column}")


users = Users()
auth_sessions = AuthSessions()
refresh_tokens = RefreshTokens()
