"""The purposes of files that exist in a gym: core's, and those of its plugins."""

from collections.abc import Mapping
from itertools import chain
from typing import Final

from core.context import current, hooks
from core.files.permissions import UPLOAD_LOGO
from core.plugin.purposes import IMAGES, FilePurpose, Readers, by_name

_MIB: Final = 1024 * 1024

AVATAR: Final = FilePurpose(
    name="avatar", media_types=IMAGES, max_bytes=5 * _MIB, readers=Readers.GYM
)
LOGO: Final = FilePurpose(
    name="logo",
    media_types=IMAGES,
    max_bytes=2 * _MIB,
    readers=Readers.GYM,
    upload_permission=UPLOAD_LOGO.name,
)
ATTACHMENT: Final = FilePurpose(
    name="attachment",
    media_types=IMAGES | {"application/pdf", "text/plain", "text/csv"},
    max_bytes=25 * _MIB,
    readers=Readers.STAFF,
)

OWN: Final = (AVATAR, LOGO, ATTACHMENT)


def purposes() -> Mapping[str, FilePurpose]:
    """By name, those that exist in the current gym."""
    if current().hooks_for is None:
        return by_name(OWN)
    return by_name(chain(OWN, *hooks().file_purposes()))
