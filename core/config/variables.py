"""What is known about one environment variable."""

from dataclasses import dataclass
from typing import Final

from core.config.kinds import Kind

PREFIX: Final = "PALESTRA_"
FILE_SUFFIX: Final = "_FILE"


@dataclass(frozen=True, slots=True)
class Variable:
    """The declaration of one environment variable.

    Attributes:
        name: Its name in the environment.
        kind: What it may hold.
        summary: What it means, in one sentence for the documentation.
        default: The text that counts when it is absent; None means nothing is set.
        derived: Where the value comes from when it is absent and is worked out from
            others or found elsewhere; empty when ``default`` says it all.
        aliases: Names other stacks use for the same setting.
        group: The heading it belongs under; filled in by the registry.
        secret: Whether its value must never be shown and may be read from the file
            that ``<name>_FILE`` names; filled in by the registry from the field, as
            a secret is exactly a field kept out of ``repr``.
    """

    name: str
    kind: Kind
    summary: str
    default: str | None = None
    derived: str = ""
    aliases: tuple[str, ...] = ()
    group: str = ""
    secret: bool = False

    @property
    def default_text(self) -> str:
        """The default as documentation shows it."""
        return self.derived or self.default or "not set"
