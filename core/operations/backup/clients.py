"""PostgreSQL's own programs: found by version, told where to connect."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from psycopg.conninfo import conninfo_to_dict

from core.db.embedded.binaries import package_folders
from core.operations.errors import OperationFailed

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_PROBE_S = 10
_LEAVING_S = 1

_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
"""Nothing of the caller's surroundings (PGSERVICE, PGOPTIONS, …) reaches them."""

_NAMES: Final = {
    "host": "PGHOST",
    "hostaddr": "PGHOSTADDR",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
    "channel_binding": "PGCHANNELBINDING",
    "target_session_attrs": "PGTARGETSESSIONATTRS",
}
"""Connection parameters as variables: on a command line everybody could read them."""


def client_folder(major: int) -> Path:
    """The folder with the client programs of a server's major version.

    The server's own version, because a newer one writes dumps and sends settings that
    an older server does not know.

    Raises:
        OperationFailed: They are not installed.
    """
    for folder in _folders(major):
        if _major_in(folder) == major and (folder / "psql").exists():
            return folder
    raise OperationFailed(
        f"The client programs of PostgreSQL {major} (pg_dump, pg_restore, psql) are "
        f"not here: install them (Debian and Ubuntu: postgresql-client-{major})."
    )


def surroundings(dsn: str) -> dict[str, str]:
    """The environment in which a client program connects as ``dsn`` says."""
    told = conninfo_to_dict(dsn)
    known = {
        _NAMES[key]: str(value)
        for key, value in told.items()
        if key in _NAMES and value
    }
    return {**_ENVIRONMENT, "PGCONNECT_TIMEOUT": "10", **known}


@contextmanager
def running(
    command: list[str],
    environment: Mapping[str, str],
    *,
    stdin: BinaryIO | int = subprocess.DEVNULL,
    stdout: BinaryIO | int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a client program for the length of a block, and looks how it ended.

    Raises:
        OperationFailed: It failed; the message ends with its last words.
    """
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(  # noqa: S603 — our own command line, no shell
            command, env=environment, stdin=stdin, stdout=stdout, stderr=errors
        )
        try:
            yield process
        except BaseException as error:
            if _gave_up(process) and isinstance(error, OperationFailed | OSError):
                # It left first; what broke after it only tells of that.
                raise _failure(command, errors) from error
            process.kill()
            process.wait()
            raise
        finally:
            _close(process)
        if process.wait() != 0:
            raise _failure(command, errors)


def _folders(major: int) -> Iterator[Path]:
    for package in package_folders():
        yield from (root / "bin" for root in sorted(package.glob("pginstall*")))
    yield Path(f"/usr/lib/postgresql/{major}/bin")
    yield Path(f"/usr/pgsql-{major}/bin")
    yield Path(f"/opt/homebrew/opt/postgresql@{major}/bin")
    found = shutil.which("pg_dump")
    if found is not None:
        yield Path(found).parent


def _major_in(folder: Path) -> int | None:
    program = folder / "pg_dump"
    if not program.exists():
        return None
    try:
        told = subprocess.run(  # noqa: S603 — a program of PostgreSQL
            [program, "--version"],
            env=_ENVIRONMENT,
            capture_output=True,
            text=True,
            timeout=_PROBE_S,
            check=False,
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = _VERSION.search(told)
    return int(match.group(1)) if match else None


def _close(process: subprocess.Popen[bytes]) -> None:
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            # What it did not take is told by how it ended.
            with suppress(BrokenPipeError):
                stream.close()


def _gave_up(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended by itself, and not well."""
    try:
        return process.wait(_LEAVING_S) != 0
    except subprocess.TimeoutExpired:
        return False


def _failure(command: list[str], errors: BinaryIO) -> OperationFailed:
    return OperationFailed(f"{Path(command[0]).name} failed: {_last_words(errors)}")


def _last_words(errors: BinaryIO) -> str:
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    telling = [line for line in lines if "error" in line.lower()] or lines
    return " / ".join(telling[:2]) or "it said nothing"
