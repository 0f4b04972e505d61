"""A user of the embedded server that is a process of its own, to be killed at will.

Run as a module it starts a server and obeys its standard input; ``User`` is the
other end of that conversation.
"""

import argparse
import json
import os
import pwd
import resource
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self

import psycopg

from core.db.embedded import EmbeddedPostgres, EmbeddedPostgresError
from core.db.embedded.account import Account
from core.db.embedded.binaries import (
    library_folder,
    newest_installation,
    runnable,
)

REPOSITORY = Path(__file__).parents[3]

#: Durability costs time and no test here cuts the power.
FAST = {"fsync": "off", "shared_buffers": "16MB"}


def connect(pg: EmbeddedPostgres, **parts: str) -> psycopg.Connection[Any]:
    """Connect the way a driver without SQLAlchemy would."""
    return psycopg.connect(pg.url(**parts).replace("+psycopg", ""), autocommit=True)


def ordinary_account() -> Account | None:
    """Whom root plays when a test needs an ordinary user; None if we are one."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid, "nobody")


class User:
    """Another process that uses the server of a home."""

    def __init__(self, home: Path, *options: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.core.db.embedded_user", str(home), *options],
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def answer(self) -> dict[str, Any]:
        """What it said last: ``pid``, ``error`` or ``child``."""
        assert self.process.stdout is not None
        said: dict[str, Any] = json.loads(self.process.stdout.readline())
        return said

    def ask(self, command: str) -> dict[str, Any]:
        """Send ``stop`` or ``fork`` and hear the answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()
        return self.answer()

    def kill(self) -> None:
        """End it the way nobody can catch."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def become_ordinary(place: Path) -> None:
    """Drop root for good, keeping the programs within reach.

    Args:
        place: A folder open to all, for a copy of the wheel if that is closed.
    """
    account = ordinary_account()
    if account is None:
        return
    installation = newest_installation()
    if not runnable(account, installation):
        package = installation.root.parent
        shutil.copytree(package, place / package.name)
        libraries = library_folder(installation.root)
        shutil.copytree(libraries, place / libraries.name)
        sys.path.insert(0, str(place))
    os.setgroups([])
    os.setgid(account.gid)
    os.setuid(account.uid)


def obey(pg: EmbeddedPostgres) -> None:
    for line in sys.stdin:
        if line.strip() == "stop":
            pg.stop()
            say(pid=pg.pid)
        elif line.strip() == "fork":
            # The child gives up what it inherited when it first runs, which on a busy
            # machine may be after this process goes on; so it says that it does.
            heard, told = os.pipe()
            child = os.fork()
            if child == 0:
                os.write(told, b"!")
                time.sleep(60)
                os._exit(0)
            os.read(heard, 1)
            say(child=child)


def say(**what: Any) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--ordinary", type=Path)
    parser.add_argument("--file-limit", type=int)
    options = parser.parse_args()
    if options.ordinary:
        become_ordinary(options.ordinary)
    if options.file_limit:
        limit = options.file_limit
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    pg = EmbeddedPostgres(options.home, settings=FAST)
    try:
        pg.start(timeout=120)
        with connect(pg) as connection:
            connection.execute("SELECT 1")
    except EmbeddedPostgresError as error:
        say(error=str(error))
        return
    say(pid=pg.pid)
    obey(pg)


if __name__ == "__main__":
    main()
