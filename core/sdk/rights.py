"""Row scope, for services: who reaches which client."""

from core.rbac.scope import grant, reaches_client, require_client, revoke

__all__ = ["grant", "reaches_client", "require_client", "revoke"]
