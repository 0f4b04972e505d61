"""Settings of calls to places that gyms choose."""

from dataclasses import dataclass
from typing import Annotated

from core.config.kinds import NETWORKS
from core.config.variables import Variable


@dataclass(frozen=True, kw_only=True, slots=True)
class OutboundSettings:
    """Where a gym's webhooks and mail may go."""

    allow_networks: Annotated[
        tuple[str, ...],
        Variable(
            "PALESTRA_OUTBOUND_ALLOW_NETWORKS",
            NETWORKS,
            "Networks that gyms' webhooks and mail servers may be in although they are "
            "not public.",
            derived="none",
        ),
    ]
