"""Logging in."""

from rest_framework.request import Request
from rest_framework.response import Response

from benchmarks.requests.peers.common import audit, errors, tokens
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.drf.access import TenantMixin, cause_of
from benchmarks.requests.peers.drf.http import failure, success
from benchmarks.requests.peers.drf.models import (
    AuditEntry,
    AuthSession,
    RefreshToken,
    User,
)
from benchmarks.requests.peers.drf.serializers import LoginBody, UserSerializer

_LONGEST_AGENT = 400


class LoginView(TenantMixin):
    """Gives an access token and a refresh token for a name and a password."""

    authentication_classes = ()
    permission_classes = ()

    def post(self, request: Request) -> Response:
        body = LoginBody(data=request.data)
        body.is_valid(raise_exception=True)
        login = body.validated_data["login"]
        column = "email_key" if "@" in login else "username_key"
        user = User.objects.filter(**{column: login.lower()}).first()
        known = user.password_hash if user and user.status == "active" else None
        matches = tokens.password_matches(known, body.validated_data["password"])
        if user is None or not matches:
            return _refused(request, user)
        return success(request, _opened(request, user))


def _refused(request: Request, user: User | None) -> Response:
    if user is not None:
        told = audit.entry(cause_of(request, user), "auth.login_failed", user.id)
        AuditEntry.objects.create(**told)
    return failure(request, errors.InvalidCredentials())


def _opened(request: Request, user: User) -> dict[str, object]:
    """Begins a log-in with its first tokens."""
    cause, now = cause_of(request, user), utc_now()
    session = AuthSession.objects.create(
        tenant_id=cause.tenant_id,
        user_id=user.id,
        created_at=now,
        last_used_at=now,
        address=cause.address,
        user_agent=request.headers.get("User-Agent", "")[:_LONGEST_AGENT] or None,
        expires_at=now + tokens.SESSION_TTL,
    )
    refresh_token = tokens.new_refresh_token()
    RefreshToken.objects.create(
        tenant_id=cause.tenant_id,
        user_id=user.id,
        session_id=session.id,
        token_hash=tokens.digest_of(refresh_token),
        created_at=now,
        expires_at=now + tokens.REFRESH_TTL,
    )
    told = audit.entry(cause, "auth.login", user.id, after={"session": session.id})
    AuditEntry.objects.create(**told)
    claims = tokens.Claims(cause.tenant_id, user.id, session.id)
    return {
        "accessToken": tokens.issue(claims),
        "refreshToken": refresh_token,
        "expiresIn": int(tokens.ACCESS_TTL.total_seconds()),
        "deviceToken": tokens.device_token(claims, user.password_hash),
        "user": UserSerializer(user).data,
    }
