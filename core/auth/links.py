"""Links in mails: made for one purpose, good for one use and a short time."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, select

from core.auth.account_models import AuthLink, LinkPurpose
from core.auth.errors import LinkSpent
from core.auth.sessions import digest_of
from core.clock import utc_now
from core.context import Gym
from core.db.compiled_writes import Updating
from core.db.statement import Statement, among, given
from core.db.unit import session
from core.db.writes import append
from core.errors import NotFound
from core.plugin.settings import setting

LIFETIME: Final = {
    LinkPurpose.VERIFY: timedelta(minutes=15),
    LinkPurpose.RESET: timedelta(minutes=15),
    LinkPurpose.CONTACT: timedelta(minutes=15),
    LinkPurpose.NOTICE: timedelta(minutes=15),
    LinkPurpose.INVITE: timedelta(hours=72),
}
"""How long each kind is good for."""

MOST_OPEN: Final = 3
"""So many of one kind may be on their way to a person. Further ones are not sent,
which keeps strangers from filling somebody's mailbox while one of those that were sent
is always good."""

BASE_URL: Final = "auth.links.baseUrl"

_BY_TOKEN = Statement(
    select(AuthLink).where(
        AuthLink.token_hash == given("digest"), among(AuthLink.purpose, "purposes")
    ),
    refresh=True,
)
_OPEN = Statement(
    select(func.count(AuthLink.id)).where(
        AuthLink.user_id == given("user_id"),
        AuthLink.purpose == given("purpose"),
        AuthLink.used_at.is_(None),
        AuthLink.expires_at > given("now"),
    )
)
_LATEST = Statement(
    select(AuthLink)
    .where(
        AuthLink.user_id == given("user_id"),
        among(AuthLink.purpose, "purposes"),
        AuthLink.used_at.is_(None),
    )
    .order_by(AuthLink.created_at.desc(), AuthLink.id.desc())
    .limit(1)
)
_USE = Updating(
    AuthLink,
    AuthLink.id == given("link_id"),
    AuthLink.used_at.is_(None),
    AuthLink.expires_at > given("now"),
    values={"used_at": given("now")},
)
_WITHDRAW = Updating(
    AuthLink,
    AuthLink.user_id == given("user_id"),
    among(AuthLink.purpose, "purposes"),
    AuthLink.used_at.is_(None),
    AuthLink.expires_at > given("now"),
    values={"expires_at": given("now")},
)

_TOKEN_BYTES: Final = 32
_PAGES: Final = {
    LinkPurpose.VERIFY: "verify",
    LinkPurpose.CONTACT: "verify",
    LinkPurpose.RESET: "reset",
    LinkPurpose.INVITE: "welcome",
}
_ON_THE_API: Final = {
    "verify": "/api/v1/auth/verify?token=",
    # No page of ours takes a new password. What follows the # never leaves the
    # browser, and whoever reads it there can send it to /auth/password/reset.
    "reset": "/api/v1/docs#token=",
    "welcome": "/api/v1/docs#token=",
}


@dataclass(frozen=True, slots=True)
class Extra:
    """What a link carries besides its purpose; see ``AuthLink``."""

    password_hash: str | None = None
    contact_id: UUID | None = None


def issue(user_id: UUID, purpose: LinkPurpose, extra: Extra | None = None) -> str:
    """Makes a link's token, which exists nowhere else in the clear."""
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    carried = extra or Extra()
    row = {
        "user_id": user_id,
        "purpose": purpose.value,
        "token_hash": digest_of(token),
        "password_hash": carried.password_hash,
        "contact_id": carried.contact_id,
        "expires_at": utc_now() + LIFETIME[purpose],
    }
    # The person or contact that it names may be in this session and not yet written.
    session().flush()
    append(session(), AuthLink, [row])
    return token


def enough_sent(user_id: UUID, purpose: LinkPurpose) -> bool:
    """Says whether as many as may be are on their way already."""
    values = {"user_id": user_id, "purpose": purpose.value, "now": utc_now()}
    return (session().read_value(_OPEN, **values) or 0) >= MOST_OPEN


def find(token: str, purposes: Collection[LinkPurpose]) -> AuthLink:
    """The link behind a token, spent or not.

    Raises:
        NotFound: There is no such link, or it is for something else.
    """
    row: AuthLink | None = session().read_one(
        _BY_TOKEN, digest=digest_of(token), purposes=[str(one) for one in purposes]
    )
    if row is None:
        raise NotFound("There is no such link.")
    return row


def require_good(link: AuthLink) -> None:
    """Refuses a link that was used or has run out.

    Raises:
        LinkSpent: It is no longer good.
    """
    if link.used_at is not None or link.expires_at <= utc_now():
        raise LinkSpent


def use(link: AuthLink) -> None:
    """Uses a link up; exactly one caller succeeds, however many try at once.

    Raises:
        LinkSpent: It is no longer good.
    """
    if not _USE.run(session(), link_id=link.id, now=utc_now()):
        raise LinkSpent


def withdraw(user_id: UUID, *purposes: LinkPurpose) -> None:
    """Ends links of a person that were not used yet."""
    named = [str(purpose) for purpose in purposes]
    _WITHDRAW.run(session(), user_id=user_id, purposes=named, now=utc_now())


def latest(user_id: UUID, purposes: Collection[LinkPurpose]) -> AuthLink | None:
    """The newest unused link of a person, run out or not."""
    found: AuthLink | None = session().read_one(
        _LATEST, user_id=user_id, purposes=[str(purpose) for purpose in purposes]
    )
    return found


def address_of(gym: Gym, public_url: str, purpose: LinkPurpose, token: str) -> str:
    """The address that a mail shows.

    Never made from the request's own host, which whoever asks can choose.

    Args:
        gym: Whose mail it is; its setting names the front end.
        public_url: Of the platform, for gyms without a front end or domain.
        purpose: Of the link.
        token: As ``issue`` gave it.
    """
    page = _PAGES[purpose]
    front = setting(gym, BASE_URL)
    if front is not None:
        return f"{front.rstrip('/')}/{page}?token={token}"
    root = f"{public_url.rstrip('/')}/t/{gym.slug}"
    if gym.domains:
        root = f"https://{min(gym.domains)}"
    return f"{root}{_ON_THE_API[page]}{token}"


def minutes(purpose: LinkPurpose) -> int:
    """How long such a link is good for, as mails say it."""
    return int(LIFETIME[purpose].total_seconds()) // 60
