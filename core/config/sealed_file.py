"""A secret in a file beside the database, sealed by the vault."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final

from core.config.vault import Vault

_PURPOSE: Final = "files"
_PRIVATE: Final = 0o600


class SealedFile:
    """A value that stays the same when the master key is rotated.

    Args:
        path: Where it lies; its name is bound into it.
        vault: Seals it.
        first: Gives the value when there is no file yet.
    """

    def __init__(self, path: Path, vault: Vault, *, first: Callable[[], bytes]) -> None:
        self._path, self._vault, self._first = path, vault, first

    def read(self) -> bytes:
        """The value; the first process writes it down.

        Raises:
            SealBroken: It does not open under any master key.
        """
        if not self._path.exists():
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            draft = self._draft(self._first())
            try:
                # A link fails where the name is taken: the first process wins.
                os.link(draft, self._path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return self._open(self._path.read_bytes())

    def reseal(self) -> bool:
        """Brings the file under the current master key; says whether it was not.

        Raises:
            SealBroken: It does not open under any master key.
        """
        if not self._path.exists():
            return False
        sealed = self._path.read_bytes()
        if self._vault.is_current(sealed):
            return False
        self._draft(self._open(sealed)).rename(self._path)
        return True

    def _open(self, sealed: bytes) -> bytes:
        bound = self._path.name.encode()
        return self._vault.open(sealed, purpose=_PURPOSE, bound_to=bound)

    def _draft(self, clear: bytes) -> Path:
        bound = self._path.name.encode()
        sealed = self._vault.seal(clear, purpose=_PURPOSE, bound_to=bound)
        draft = self._path.with_name(f".{self._path.name}.{secrets.token_hex(8)}")
        handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        with os.fdopen(handle, "wb") as file:
            file.write(sealed)
            file.flush()
            os.fsync(file.fileno())
        return draft
