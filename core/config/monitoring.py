"""Settings of what the platform shows to monitoring."""

from dataclasses import dataclass, field
from typing import Annotated

from core.config.kinds import NETWORKS, TEXT, integer
from core.config.variables import Variable

_LOOPBACK = ("127.0.0.0/8", "::1/128")


@dataclass(frozen=True, kw_only=True, slots=True)
class MetricsSettings:
    """Who may read the figures for Prometheus, and where."""

    allow: Annotated[
        tuple[str, ...] | None,
        Variable(
            "PALESTRA_METRICS_ALLOW",
            NETWORKS,
            "Addresses and networks that may read /metrics without a token.",
            derived="this machine; none when PALESTRA_METRICS_TOKEN is set",
        ),
    ]
    token: Annotated[
        str | None,
        Variable(
            "PALESTRA_METRICS_TOKEN",
            TEXT,
            "Bearer token that opens /metrics to any address.",
        ),
    ] = field(repr=False)
    worker_port: Annotated[
        int | None,
        Variable(
            "PALESTRA_WORKER_METRICS_PORT",
            integer(1, 65535),
            "Port at which `palestra worker` shows /metrics itself, for machines "
            "without a web process.",
        ),
    ]

    @property
    def networks(self) -> tuple[str, ...]:
        """From where the figures may be read without a token."""
        if self.allow is not None:
            return self.allow
        return () if self.token else _LOOPBACK
