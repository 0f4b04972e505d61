"""The log: structured lines, one form for all, without personal data."""

from core.logging.redaction import MASK, redact_text
from core.logging.setup import (
    SERVER_LOG_CONFIG,
    LogOptions,
    configure_logging,
    get_logger,
)

__all__ = [
    "MASK",
    "SERVER_LOG_CONFIG",
    "LogOptions",
    "configure_logging",
    "get_logger",
    "redact_text",
]
