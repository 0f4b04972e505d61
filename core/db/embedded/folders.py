"""Where everything of one embedded server lies, and who may enter."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from core.db.embedded.account import Account, account_name
from core.db.embedded.errors import EmbeddedPostgresError


@dataclass(frozen=True, slots=True)
class Folders:
    """The paths below ``PALESTRA_HOME/postgres``.

    Attributes:
        base: That folder itself, links resolved.
    """

    base: Path

    @classmethod
    def of(cls, home: Path) -> "Folders":
        """The folders of one ``PALESTRA_HOME``."""
        return cls((home / "postgres").expanduser().resolve())

    @property
    def data(self) -> Path:
        """The cluster (PGDATA)."""
        return self.base / "data"

    @property
    def run(self) -> Path:
        """The folder of the unix socket."""
        return self.base / "run"

    @property
    def log(self) -> Path:
        """What the server and ``initdb`` say."""
        return self.base / "server.log"

    @property
    def life_lock(self) -> Path:
        """Held alone while the server is created, started or stopped."""
        return self.base / "life.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by everyone who uses the server."""
        return self.base / "users.lock"

    @property
    def server_lock(self) -> Path:
        """Inherited by the server and all its processes: free means none lives."""
        return self.base / "server.lock"

    def prepare(self, account: Account | None) -> None:
        """Make the folders, private to the account the server runs as.

        Args:
            account: The server's account, None for our own.

        Raises:
            EmbeddedPostgresError: A folder belongs to somebody else.
            OSError: A folder cannot be made.
        """
        self.base.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        make_private(self.base, account)
        make_private(self.run, account)


def make_private(folder: Path, account: Account | None) -> None:
    """Make ``folder`` if absent, give it to ``account`` and close it to others.

    Args:
        folder: The folder; its parent exists.
        account: The owner to be, None for ourselves.

    Raises:
        EmbeddedPostgresError: It belongs to somebody else.
        OSError: It cannot be made, or is no folder.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    # Through a descriptor, so that nobody can slip a link between look and change.
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if account and found.st_uid == 0:
            os.fchown(descriptor, account.uid, account.gid)
        elif found.st_uid != (account.uid if account else os.geteuid()):
            raise EmbeddedPostgresError(
                f"{folder} belongs to the account {account_name(found.st_uid)}, not to "
                f"{account.name if account else account_name(os.geteuid())}: run "
                "Palestra as its owner, give the folder away with chown -R, or set "
                "PALESTRA_HOME to another folder."
            )
        if stat.S_IMODE(found.st_mode) != 0o700:  # noqa: PLR2004 - a mode
            os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)
