"""Which integrations a gym can set up: core's, and those of its plugins."""

from collections.abc import Iterable
from itertools import chain
from typing import Final

from core.context import hooks
from core.integrations.email import EMAIL
from core.integrations.errors import IntegrationUnknown
from core.integrations.sms import SMS
from core.plugin.integration import Integration

OWN: Final = (EMAIL, SMS)


class IntegrationClash(ValueError):
    """Two parts of the platform declare integrations of one name."""


def by_name(contributed: Iterable[Iterable[Integration]]) -> dict[str, Integration]:
    """Core's integrations and those that plugins contribute, by name.

    Raises:
        IntegrationClash: A name is declared twice.
    """
    found: dict[str, Integration] = {}
    for one in chain(OWN, chain.from_iterable(contributed)):
        if one.name in found:
            raise IntegrationClash(f"Two integrations are named {one.name}.")
        found[one.name] = one
    return found


def available() -> dict[str, Integration]:
    """What the current gym can set up; plugins that are off add nothing."""
    return by_name(hooks().integrations())


def require(name: str) -> Integration:
    """The integration of that name.

    Raises:
        IntegrationUnknown: Nothing that is on in this gym declares it.
    """
    found = available().get(name)
    if found is None:
        raise IntegrationUnknown
    return found
