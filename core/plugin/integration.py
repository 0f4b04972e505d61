"""What a plugin, or core, says of an outside service that each gym sets up itself."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from core.http.schema import Schema
from core.outbound.guard import Guard

Configuration = Mapping[str, Any]
"""A gym's settings of one service in Python form, secrets and defaults included."""

_NAME = re.compile(r"^[a-z][a-z0-9_]{1,30}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """A service outside the platform that gyms set up each for themselves.

    Attributes:
        name: Lower-case word, the same in every installation; part of the route.
        title: As an admin reads it.
        summary: One sentence on what the gym has of it.
        schema: Shape of its settings. Fields marked ``load_only=True`` are secrets:
            they are sealed, and no answer ever tells them.
        test: Makes one real call with a gym's settings. It runs outside every
            transaction, may be silent for some seconds at most, and raises
            ``ProviderFailed``, with a text that holds no secret, when the service
            does not take the settings. Where the settings name a host, it looks it
            up with the guard, and connects to what that gives.
    """

    name: str
    title: str
    summary: str
    schema: type[Schema]
    test: Callable[[Configuration, Guard], None]

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r}: an integration's name is one word.")

    @property
    def secret_names(self) -> frozenset[str]:
        """The fields that are secrets, by their names on the wire."""
        fields = self.schema().fields.values()
        return frozenset(str(field.data_key) for field in fields if field.load_only)
