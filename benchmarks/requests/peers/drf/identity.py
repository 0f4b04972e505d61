"""Who calls, and what they may do."""

from typing import Any

from rest_framework.authentication import BaseAuthentication
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from benchmarks.requests.peers.common import errors
from benchmarks.requests.peers.common.clock import utc_now
from benchmarks.requests.peers.common.roles import may
from benchmarks.requests.peers.common.tokens import Claims, verify
from benchmarks.requests.peers.drf.models import AuthSession, User


class BearerAuthentication(BaseAuthentication):
    """Knows callers by their access tokens, and asks whether these still hold."""

    def authenticate(self, request: Request) -> tuple[User, Claims]:
        claims = verify(request.headers.get("Authorization"))
        if claims.tenant_id != request.gym.id:
            raise errors.TenantMismatch
        session = (
            AuthSession.objects.select_related("user")
            .only("id", "user__tenant_id", "user__role", "user__status")
            .filter(
                id=claims.session_id,
                user_id=claims.user_id,
                revoked_at=None,
                expires_at__gt=utc_now(),
            )
            .first()
        )
        if session is None or session.user.status != "active":
            raise errors.AuthRequired
        request._request.caller_id = str(claims.user_id)  # noqa: SLF001 — as above
        return session.user, claims

    def authenticate_header(self, request: Request) -> str:  # noqa: ARG002 — DRF's
        return "Bearer"


class RolePermission(BasePermission):
    """Holds a caller to the permission that the view names for the action."""

    def has_permission(self, request: Request, view: Any) -> bool:
        action = getattr(view, "action", None) or request.method
        needed = view.permissions_by_action.get(action)
        if needed is not None and not may(request.user.role, needed):
            raise errors.Forbidden(details={"permission": needed})
        return True
