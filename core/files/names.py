"""Names of files: as people see them, and as headers carry them."""

import re
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import quote

from core.plugin.purposes import IMAGES

MAX_NAME: Final = 200

_PATH: Final = re.compile(r"[/\\]")
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9 ._()+-]|^\.+")
_SUFFIXES: Final = {
    "image/jpeg": (".jpg", ".jpeg"),
    "image/png": (".png",),
    "image/webp": (".webp",),
    "application/pdf": (".pdf",),
    "text/plain": (".txt",),
    "text/csv": (".csv",),
}
"""What a name ends in; the first is added to a name that has none of them."""


def plain_name(given: str, media_type: str) -> str:
    """The last part of a path, ending as its media type does."""
    last = _PATH.split(given)[-1].strip().strip(".") or "file"
    suffixes = _SUFFIXES.get(media_type)
    if suffixes and PurePosixPath(last).suffix.lower() not in suffixes:
        last += suffixes[0]
    return last[-MAX_NAME:]


def disposition(name: str, media_type: str) -> str:
    """The header ``Content-Disposition``: only images are shown in place (RFC 6266)."""
    how = "inline" if media_type in IMAGES else "attachment"
    plain = _UNSAFE.sub("_", name)
    return f"{how}; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
