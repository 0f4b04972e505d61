"""Logging in."""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.requests.peers.common import audit, errors, tokens
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.fast.access import CurrentGym, cause_of
from benchmarks.requests.peers.fast.database import Database
from benchmarks.requests.peers.fast.http import failure
from benchmarks.requests.peers.fast.models import (
    AuditEntry,
    AuthSession,
    RefreshToken,
    User,
)
from benchmarks.requests.peers.fast.schemas import (
    Envelope,
    LoginBody,
    TokensOut,
    UserOut,
    envelope,
)

router = APIRouter(prefix="/auth")

_LONGEST_AGENT = 400


@router.post("/login", response_model=Envelope[TokensOut])
async def log_in(
    request: Request, db: Database, gym: CurrentGym, body: LoginBody
) -> Envelope[TokensOut] | Response:
    """Gives an access token and a refresh token for a name and a password."""
    column = User.email_key if "@" in body.login else User.username_key
    statement = select(User).where(
        User.tenant_id == gym.id, column == body.login.lower()
    )
    user = await db.scalar(statement)
    known = user.password_hash if user and user.status == "active" else None
    # Hashing releases the interpreter, and takes tens of milliseconds.
    matches = await run_in_threadpool(tokens.password_matches, known, body.password)
    if user is None or not matches:
        if user is not None:
            cause = cause_of(request, gym.id, user.id)
            told = audit.entry(cause, "auth.login_failed", user.id)
            db.add(AuditEntry(**told))
        return failure(request, errors.InvalidCredentials())
    opened = await _opened(request, db, user)
    return envelope(request, opened, None, Envelope[TokensOut])


async def _opened(request: Request, db: AsyncSession, user: User) -> TokensOut:
    """Begins a log-in with its first tokens."""
    cause, now = cause_of(request, user.tenant_id, user.id), utc_now()
    session = AuthSession(
        tenant_id=cause.tenant_id,
        user_id=user.id,
        created_at=now,
        last_used_at=now,
        address=cause.address,
        user_agent=request.headers.get("User-Agent", "")[:_LONGEST_AGENT] or None,
        expires_at=now + tokens.SESSION_TTL,
    )
    db.add(session)
    await db.flush()
    refresh_token = tokens.new_refresh_token()
    row = RefreshToken(
        tenant_id=cause.tenant_id,
        user_id=user.id,
        session_id=session.id,
        token_hash=tokens.digest_of(refresh_token),
        created_at=now,
        expires_at=now + tokens.REFRESH_TTL,
    )
    told = audit.entry(cause, "auth.login", user.id, after={"session": session.id})
    db.add_all([row, AuditEntry(**told)])
    claims = tokens.Claims(cause.tenant_id, user.id, session.id)
    return TokensOut(
        access_token=tokens.issue(claims),
        refresh_token=refresh_token,
        expires_in=int(tokens.ACCESS_TTL.total_seconds()),
        device_token=tokens.device_token(claims, user.password_hash or ""),
        user=UserOut.model_validate(user),
    )
