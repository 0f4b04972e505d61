"""What files are for: each kind with its types, its size, and who may do what."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

_NAME = re.compile(r"[a-z][a-z0-9]*(\.[a-z][A-Za-z0-9]*)?")
_MEDIA_TYPE = re.compile(r"[a-z0-9]+/[a-z0-9][a-z0-9.+-]*")

IMAGES = frozenset({"image/jpeg", "image/png", "image/webp"})
"""Images that browsers show, and of which each byte is accounted for."""

NEVER = frozenset(
    {"text/html", "application/xhtml+xml", "image/svg+xml", "text/javascript"}
)
"""Types that run in the reader's browser; no purpose may allow them."""


class Readers(StrEnum):
    """Who may read a file.

    ``OWNER``: whoever uploaded it. ``STAFF``: also those who reach every row of the
    gym. ``COACHES``: also those within whose row scope the owner is. ``GYM``: everybody
    who is logged in to the gym.
    """

    OWNER = "owner"
    STAFF = "staff"
    COACHES = "coaches"
    GYM = "gym"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePurpose:
    """One kind of file.

    Attributes:
        name: Of core a word, of a plugin ``plugin.word``.
        media_types: What may be uploaded; the content must be of the declared type.
        max_bytes: The largest file; the installation's own bound holds as well.
        readers: Who may read it.
        upload_permission: What uploading asks for besides the route's permission;
            None where everybody may who may upload at all.
    """

    name: str
    media_types: frozenset[str]
    max_bytes: int
    readers: Readers
    upload_permission: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"{self.name!r}: name a purpose plugin.word.")
        if self.max_bytes < 1 or not self.media_types:
            raise ValueError(f"{self.name}: no file could ever fit.")
        for media_type in self.media_types:
            if not _MEDIA_TYPE.fullmatch(media_type) or media_type in NEVER:
                raise ValueError(f"{self.name}: {media_type!r} cannot be allowed.")


def by_name(purposes: Iterable[FilePurpose]) -> Mapping[str, FilePurpose]:
    """The purposes by their names.

    Raises:
        ValueError: Two have the same name.
    """
    found: dict[str, FilePurpose] = {}
    for purpose in purposes:
        if found.setdefault(purpose.name, purpose) != purpose:
            raise ValueError(f"Two purposes of files are named {purpose.name}.")
    return found


@dataclass(frozen=True, slots=True)
class FileCheck:
    """Says whether a file is ready and of a purpose, for steps below the files.

    Attributes:
        is_ready: Given the file's id and the purpose's name.
    """

    is_ready: Callable[[UUID, str], bool]
