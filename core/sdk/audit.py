"""Audit, for services: what is done that no changed row tells."""

from core.audit.recorder import record_event

__all__ = ["record_event"]
