"""Which account the server runs as: PostgreSQL refuses to run as root."""

import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from core.db.embedded.errors import EmbeddedPostgresError

#: Tried in this order when root starts a server and no folder names its owner.
ACCOUNTS = ("palestra", "postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """An unprivileged account, without supplementary groups.

    Attributes:
        uid: User id.
        gid: Primary group id.
        name: Login name, or the user id when it has none.
    """

    uid: int
    gid: int
    name: str

    def may(self, path: Path, bits: int) -> bool:
        """Tell whether the mode of ``path`` grants ``bits`` (r=4, w=2, x=1)."""
        found = path.stat()
        if found.st_uid == self.uid:
            granted = found.st_mode >> 6
        elif found.st_gid == self.gid:
            granted = found.st_mode >> 3
        else:
            granted = found.st_mode
        return stat.S_IMODE(granted) & bits == bits

    def reaches(self, path: Path, bits: int) -> bool:
        """Tell whether it may pass every parent of ``path`` and has ``bits`` there."""
        path = path.resolve()
        return all(self.may(parent, 1) for parent in path.parents) and self.may(
            path, bits
        )


def server_account(base: Path) -> Account | None:
    """Choose the account the server runs as.

    An ordinary user runs it as itself. Root runs it as the owner of the existing
    database folder, else as the owner of the home, else as the first of
    ``ACCOUNTS`` that exists.

    Args:
        base: The database folder; it need not exist.

    Returns:
        The account to change to, or None to stay what we are.

    Raises:
        EmbeddedPostgresError: We are root and there is nobody to change to.
    """
    if os.geteuid() != 0:
        return None
    for folder in (base, base.parent):
        if folder.exists() and (owner := folder.stat()).st_uid != 0:
            return Account(owner.st_uid, owner.st_gid, account_name(owner.st_uid))
    for name in ACCOUNTS:
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid, name)
    raise EmbeddedPostgresError(
        "PostgreSQL refuses to run as root and none of the accounts "
        f"{', '.join(ACCOUNTS)} exists: add one (useradd --system palestra) or "
        "start Palestra as an ordinary user."
    )


def account_name(uid: int) -> str:
    """The login name of a user id, or the id itself when it has none."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
