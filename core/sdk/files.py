"""Files for plugins: purposes of their own, and the files uploaded for them."""

from core.files.errors import (
    FileForbidden,
    FileNotReady,
    FileRejected,
    FileUnknown,
)
from core.files.links import Link
from core.files.models import FileStatus, StoredFile
from core.files.service import (
    delete,
    is_ready,
    opened,
    read_bytes,
    require_file,
    url_for,
)
from core.plugin.purposes import IMAGES, FilePurpose, Readers

__all__ = [
    "IMAGES",
    "FileForbidden",
    "FileNotReady",
    "FilePurpose",
    "FileRejected",
    "FileStatus",
    "FileUnknown",
    "Link",
    "Readers",
    "StoredFile",
    "delete",
    "is_ready",
    "opened",
    "read_bytes",
    "require_file",
    "url_for",
]
