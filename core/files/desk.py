"""The file desk: what handling files takes, one for each installation."""

from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from obstore.store import LocalStore, S3Store

from core.config import Settings, StorageSettings
from core.config.secrets import derive_keys
from core.db.services import service
from core.files.clamd import Clamd
from core.files.links import Links, OwnLinks, StoreLinks
from core.files.ports import Reach
from core.files.store import FileStore
from core.files.tokens import Tokens

if TYPE_CHECKING:
    from obstore.store import S3Config

_PURPOSE = "files"
_PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FileDesk:
    """What handling files takes.

    Attributes:
        links: Makes the addresses that are handed out.
        tokens: Reads those of our own routes.
        clamd: The scanner; None where content is not scanned.
        max_bytes: The largest file that the installation takes.
    """

    store: FileStore
    links: Links
    tokens: Tokens
    reach: Reach
    clamd: Clamd | None
    max_bytes: int

    @classmethod
    def of(cls, settings: Settings, *, reach: Reach) -> "FileDesk":
        """Builds it from the settings.

        Args:
            settings: Name the store, the scanner and the key.
            reach: Knows whose files the actor may see.
        """
        storage = settings.storage
        store = store_of(storage)
        tokens = Tokens(partial(derive_keys, settings, _PURPOSE))
        links: Links = OwnLinks(tokens, settings.server.public_url)
        if store.signs is not None:
            links = StoreLinks(store.signs)
        return cls(
            store=store,
            links=links,
            tokens=tokens,
            reach=reach,
            clamd=Clamd(storage.clamd_url) if storage.clamd_url else None,
            max_bytes=storage.upload_max_bytes,
        )


def store_of(storage: StorageSettings) -> FileStore:
    """The bucket that the settings name, else the folder of uploads."""
    if storage.url is None:
        folder = storage.uploads_dir
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return FileStore(LocalStore(folder, automatic_cleanup=True), folder=folder)
    return FileStore(_bucket(storage, storage.url))


def _bucket(storage: StorageSettings, url: str) -> S3Store:
    parts = urlsplit(url)
    config: S3Config = {"region": storage.region}
    if storage.endpoint is not None:
        config["endpoint"] = storage.endpoint
    if storage.access_key is not None and storage.secret_key is not None:
        config["access_key_id"] = storage.access_key
        config["secret_access_key"] = storage.secret_key
    # Stores other than AWS seldom answer at a name for each bucket.
    config["virtual_hosted_style_request"] = storage.endpoint is None
    plain = (storage.endpoint or "").startswith("http://")
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=config,
        client_options={"allow_http": plain, "timeout": _PATIENCE},
        retry_config={"max_retries": 2, "retry_timeout": _PATIENCE},
    )


def desk() -> FileDesk:
    """The file desk of this unit of work's installation.

    Raises:
        LookupError: No unit of work is open.
    """
    return service(FileDesk)
