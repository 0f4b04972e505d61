"""Addresses that expire: of the store where that can sign, else of our own."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

import obstore
from obstore.store import S3Store

from core.clock import utc_now
from core.context import Gym, current
from core.files.models import StoredFile
from core.files.store import incoming_key, object_key
from core.files.tokens import Deed, Grant, Tokens

UPLOAD_FOR: Final = timedelta(minutes=15)
READ_FOR: Final = timedelta(minutes=10)

API: Final = "/api/v1/files"


@dataclass(frozen=True, slots=True)
class Link:
    """An address, and how to use it.

    Attributes:
        headers: Send exactly these besides the usual ones.
        expires_at: Until when, in UTC.
    """

    method: str
    url: str
    expires_at: datetime
    headers: dict[str, str] = field(default_factory=dict)


class Links(Protocol):
    """Makes addresses for files."""

    def upload(self, file: StoredFile) -> Link:
        """Where the content of a pending file is sent, until ``upload_until``."""

    def read(self, file: StoredFile, object_id: UUID) -> Link:
        """Where the content of a ready file can be read."""


@dataclass(frozen=True, slots=True)
class OwnLinks:
    """Addresses of routes of ours, signed with a key of ours.

    Attributes:
        public_url: Of the platform, for gyms without a domain of their own.
    """

    tokens: Tokens
    public_url: str

    def upload(self, file: StoredFile) -> Link:
        """See ``Links``."""
        url = self._signed(Deed.UPLOAD, file, file.upload_until)
        return Link("PUT", url, file.upload_until, {"Content-Type": file.media_type})

    def read(self, file: StoredFile, object_id: UUID) -> Link:
        """See ``Links``; the object is found by the file's row."""
        del object_id
        ends = in_whole_seconds(utc_now() + READ_FOR)
        return Link("GET", self._signed(Deed.READ, file, ends), ends)

    def _signed(self, deed: Deed, file: StoredFile, ends: datetime) -> str:
        gym = current().require_gym()
        grant = Grant(deed, gym.id, file.id, file.size_bytes, file.media_type, ends)
        path = "upload" if deed is Deed.UPLOAD else "content"
        return f"{root_of(gym, self.public_url)}{API}/{path}/{self.tokens.sign(grant)}"


@dataclass(frozen=True, slots=True)
class StoreLinks:
    """Addresses that the object store signs (presigned requests of S3).

    They hold the holder neither to a size nor to a type; that is why content is
    looked at, and stored anew, before anyone reads it.
    """

    store: S3Store

    def upload(self, file: StoredFile) -> Link:
        """See ``Links``."""
        left = file.upload_until - utc_now()
        key = incoming_key(current().require_gym().id, file.id)
        url = obstore.sign(self.store, "PUT", key, left)
        return Link("PUT", url, file.upload_until, {"Content-Type": file.media_type})

    def read(self, file: StoredFile, object_id: UUID) -> Link:
        """See ``Links``."""
        del file
        ends = in_whole_seconds(utc_now() + READ_FOR)
        key = object_key(current().require_gym().id, object_id)
        return Link("GET", obstore.sign(self.store, "GET", key, READ_FOR), ends)


def in_whole_seconds(moment: datetime) -> datetime:
    """The moment without its fraction of a second."""
    return moment.replace(microsecond=0)


def root_of(gym: Gym, public_url: str) -> str:
    """Where the gym answers; a request's own host may be forged and is not asked."""
    if gym.domains:
        return f"https://{min(gym.domains)}"
    return f"{public_url.rstrip('/')}/t/{gym.slug}"
