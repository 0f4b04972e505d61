"""Lease tokens: which worker process has a job, and which of its attempts it is.

A token is a UUID whose upper half names the process and whose lower half is random. So
the jobs of a process that is known to be dead are one range of tokens, and can be taken
back before their leases run out.
"""

import secrets
from dataclasses import dataclass
from uuid import UUID

from typing_extensions import override

_HALF = 64
_LOWER = (1 << _HALF) - 1


@dataclass(frozen=True, slots=True)
class WorkerId:
    """Names a worker process; one that is started again in its place has the same.

    Attributes:
        number: 64 bits.
    """

    number: int

    @classmethod
    def fresh(cls) -> "WorkerId":
        """A name that no other process has."""
        return cls(secrets.randbits(_HALF))

    @classmethod
    def parse(cls, written: str) -> "WorkerId":
        """Reads what ``str`` wrote."""
        return cls(int(written, 16) & _LOWER)

    @override
    def __str__(self) -> str:
        return f"{self.number:016x}"

    def token(self) -> UUID:
        """A token for one attempt of this process."""
        return UUID(int=self.number << _HALF | secrets.randbits(_HALF))

    @property
    def tokens(self) -> tuple[UUID, UUID]:
        """The least and the greatest token of this process."""
        least = self.number << _HALF
        return UUID(int=least), UUID(int=least | _LOWER)
