"""The database that every contender works on.

    python -m benchmarks.requests.data <home> [gyms] [sessions of each]

The measured gym comes through the platform's own provisioning; its copies, and what
fills them all, come by plain SQL, since a million sessions would take hours through the
API. That runs as superuser, because row level security binds the owner too.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.requests import filling
from core.app import Installation
from core.app.installation import DATABASE
from core.audit.sealing import seal_gym
from core.auth.keys import KeyRing
from core.auth.passwords import hash_password
from core.clock import utc_now
from core.config import Settings
from core.config.secrets import master_keys
from core.db import roles
from core.db.embedded import EmbeddedPostgres
from core.logging import configure_logging

MEASURED: Final = "bench-000"
"""Slug of the gym that the requests go to."""

PASSWORD: Final = "Bench-Press-2026!"  # noqa: S105 — of people who do not exist

BOOK_FROM: Final = datetime(2030, 1, 1, tzinfo=UTC)
"""From here on each hour of each coach takes one booking of the trial."""

MOVE_FROM: Final = datetime(2060, 1, 1, tzinfo=UTC)
"""From here on each hour takes one session that the trial moves."""

SERVER: Final = {
    "max_connections": "300",
    "shared_buffers": "512MB",
    # A disk's flush takes as long for everybody and would hide what they differ in.
    "synchronous_commit": "off",
    "max_wal_size": "4GB",
    # What a parallel worker uses would be missing from its backend's processor time.
    "max_parallel_workers_per_gather": "0",
}
"""What the server of the trial has besides the embedded server's own settings."""

FILLING: Final = {
    **SERVER,
    "max_wal_size": "16GB",
    "autovacuum": "off",
    # What is written into a table that the same transaction emptied needs no log.
    "wal_level": "minimal",
    "max_wal_senders": "0",
}
"""What it has while the database is filled."""

MARK: Final = "bench.json"
"""File of a home that says what its database is filled with."""

_FRESH_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Scale:
    """How much there is.

    Attributes:
        gyms: How many gyms.
        sessions: Of each gym.
        coaches: Of each gym.
        clients: Of each gym; at least as many as coaches.
        audits: Entries of the measured gym's audit log; the others have a hundredth.
        passes: Codes of each gym.
    """

    gyms: int = 200
    sessions: int = 5_000
    coaches: int = 20
    clients: int = 200
    audits: int = 10_200
    passes: int = 200


@dataclass(frozen=True, slots=True)
class Site:
    """A filled database on its running server.

    Attributes:
        home: The ``PALESTRA_HOME``.
        urls: libpq addresses by role, ``postgres`` being the superuser.
        scale: How much there is.
        postmaster: Process id of the server.
        filled_s: Seconds that the filling took; 0 where it was there already.
    """

    home: Path
    urls: Mapping[str, str]
    scale: Scale
    postmaster: int
    filled_s: float

    @property
    def superuser(self) -> str:
        """The libpq address that row level security does not bind."""
        return self.urls["postgres"]

    @property
    def keys_dir(self) -> Path:
        """Where the installation's keys are."""
        return self.home / "keys"


@dataclass(frozen=True, slots=True)
class Facts:
    """What requests are made of: the measured gym as the database holds it.

    Attributes:
        logins: E-mail addresses of coaches and clients.
        sessions: Ids of some sessions, to be read.
        movable: Ids of sessions to come, to be moved.
        codes: Of passes with uses left.
        first_day: The first date with sessions; ten a day and coach follow it.
        days: How many such dates.
        next_booking: Number of the first free booking slot; see ``works``.
        next_move: Number of the first free hour for a move.
    """

    tenant_id: UUID
    admin: str
    coaches: tuple[UUID, ...]
    clients: tuple[UUID, ...]
    logins: tuple[str, ...]
    sessions: tuple[UUID, ...]
    movable: tuple[UUID, ...]
    codes: tuple[str, ...]
    first_day: str
    days: int
    next_booking: int = field(default=0)
    next_move: int = field(default=0)


@contextmanager
def site(home: Path, scale: Scale) -> Iterator[Site]:
    """Starts the server under ``home``, and fills its database unless it is filled.

    Args:
        home: A folder with a short path, because a unix socket lies in it. What
            another scale left there is dropped.
        scale: How much there shall be.
    """
    home.mkdir(parents=True, exist_ok=True)
    mark, filled_s = home / MARK, 0.0
    if not _is_of(_marked(mark), scale):
        mark.unlink(missing_ok=True)
        filled_s = _filled(home, scale)
        mark.write_text(json.dumps(_note(scale)), encoding="utf-8")
    with EmbeddedPostgres(home, settings=SERVER) as server:
        urls = _urls(server)
        if not filled_s:
            _upgrade(home, urls)
        yield Site(home, urls, scale, server.pid or 0, filled_s)


def _filled(home: Path, scale: Scale) -> float:
    """Makes the database anew; gives the seconds that it took."""
    started = time.monotonic()
    with EmbeddedPostgres(home, settings=FILLING) as server:
        admin = server.url().replace("+psycopg", "", 1)
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        roles.ensure(admin, DATABASE)
        _make(home, _urls(server), scale)
    return time.monotonic() - started


def _urls(server: EmbeddedPostgres) -> Mapping[str, str]:
    """Addresses by role."""
    return {
        role: server.url(user=role, database=DATABASE).replace("+psycopg", "", 1)
        for role in (roles.APP, roles.OPERATOR, roles.OWNER, "postgres")
    }


def _upgrade(home: Path, urls: Mapping[str, str]) -> None:
    """Brings tables that were filled before to what the code is by now."""
    with Installation(_settings(home, urls)) as installation:
        installation.migrations.upgrade()


def seal(place: Site, gym: UUID) -> None:
    """Seals a gym's audit log, as the worker of an installation does all the time."""
    with Installation(_settings(place.home, place.urls)) as installation:
        seal_gym(installation.units(), gym, installation.anchors)


def settings_of(home: Path, urls: Mapping[str, str]) -> dict[str, str]:
    """The variables by which Palestra finds the database and its keys."""
    return {
        "PALESTRA_HOME": str(home),
        "DATABASE_URL": urls[roles.APP],
        "PALESTRA_DATABASE_OPERATOR_URL": urls[roles.OPERATOR],
        "PALESTRA_DATABASE_OWNER_URL": urls[roles.OWNER],
    }


def facts(place: Site) -> Facts:
    """Reads what requests are made of."""
    with psycopg.connect(place.urls["postgres"], autocommit=True) as connection:

        def column(statement: str, **values: Any) -> list[Any]:
            rows = connection.execute(statement.encode(), {**known, **values})
            return [row[0] for row in rows]

        known: dict[str, Any] = {"slug": MEASURED}
        known["gym"] = column("SELECT id FROM tenants_gyms WHERE slug = %(slug)s")[0]
        people = "SELECT {} FROM users WHERE tenant_id = %(gym)s AND role = '{}'"
        of_gym = "SELECT {} FROM scheduling_sessions WHERE tenant_id = %(gym)s"
        days = "SELECT {}(starts_at)::date FROM scheduling_sessions WHERE "
        given = "tenant_id = %(gym)s AND starts_at < %(until)s"
        first, last = (
            column(days.format(end) + given, until=BOOK_FROM)[0]
            for end in ("min", "max")
        )
        soon = utc_now() + timedelta(hours=4)
        return Facts(
            tenant_id=known["gym"],
            admin=column(people.format("email", "admin"))[0],
            coaches=tuple(column(people.format("id", "coach") + " ORDER BY id")),
            clients=tuple(column(people.format("id", "client") + " ORDER BY id")),
            logins=tuple(column(people.format("email", "client") + " ORDER BY id")),
            sessions=tuple(
                column(
                    of_gym.format("id") + " AND starts_at < %(now)s ORDER BY id"
                    " LIMIT 1000",
                    now=utc_now(),
                )
            ),
            movable=tuple(
                column(
                    of_gym.format("id") + " AND status = 'scheduled'"
                    " AND (starts_at BETWEEN %(soon)s AND %(book)s"
                    " OR starts_at >= %(move)s) ORDER BY id LIMIT 1000",
                    soon=soon,
                    book=BOOK_FROM,
                    move=MOVE_FROM,
                )
            ),
            codes=tuple(
                column(
                    "SELECT code FROM passes_passes WHERE tenant_id = %(gym)s"
                    " ORDER BY id"
                )
            ),
            first_day=first.isoformat(),
            days=(last - first).days + 1,
            next_booking=_hours(column, BOOK_FROM, MOVE_FROM) * place.scale.coaches,
            next_move=_hours(column, MOVE_FROM, MOVE_FROM.replace(year=2200)),
        )


def _hours(column: Any, since: datetime, until: datetime) -> int:
    """How many hours from ``since`` on have sessions, up to the last that has one."""
    last = column(
        "SELECT max(starts_at) FROM scheduling_sessions WHERE tenant_id = %(gym)s"
        " AND starts_at >= %(since)s AND starts_at < %(until)s",
        since=since,
        until=until,
    )[0]
    return 0 if last is None else int((last - since) / timedelta(hours=1)) + 1


def _marked(mark: Path) -> dict[str, Any]:
    with suppress(FileNotFoundError, ValueError):
        return dict(json.loads(mark.read_text(encoding="utf-8")))
    return {}


def _note(scale: Scale) -> dict[str, Any]:
    """What tells a filled database from another: scale, statements and day."""
    statements = Path(filling.__file__).read_bytes()
    return {
        "scale": asdict(scale),
        "statements": hashlib.sha256(statements).hexdigest(),
        "day": utc_now().date().toordinal(),
    }


def _is_of(mark: dict[str, Any], scale: Scale) -> bool:
    """Whether the database is as wanted, and its sessions to come still are."""
    wanted = _note(scale)
    return mark.get("day", 0) > wanted["day"] - _FRESH_DAYS and mark == {
        **wanted,
        "day": mark.get("day"),
    }


def _settings(home: Path, urls: Mapping[str, str]) -> Settings:
    settings = Settings.load(
        {
            **settings_of(home, urls),
            "PALESTRA_ENV": "test",
            "PALESTRA_LOG_LEVEL": "error",
        }
    )
    configure_logging(settings.log)
    return settings


def _make(home: Path, urls: Mapping[str, str], scale: Scale) -> None:
    settings = _settings(home, urls)
    master_keys(settings)
    KeyRing.open(settings)
    password_hash = hash_password(PASSWORD)
    with Installation(settings) as installation:
        installation.migrations.upgrade()
        provision(installation, password_hash)
    filling.fill(
        urls["postgres"],
        {**asdict(scale), "password_hash": password_hash, "measured": MEASURED},
    )


def provision(installation: Installation, password_hash: str) -> None:
    """Makes the measured gym, with every plugin on, as its operator would."""
    installation.directory.create(
        installation.units("operator"),
        slug=MEASURED,
        name="Bench",
        timezone="Europe/Berlin",
        locale="en",
        currency="EUR",
        admin_email=f"admin@{MEASURED}.example",
        admin_name="Ada Admin",
        admin_password_hash=password_hash,
        plugins_on=tuple(sorted(installation.plugins.switchable)),
    )


def main(home: str, *numbers: str) -> None:
    """Fills a home and says how long it took."""
    given = dict(zip(("gyms", "sessions"), map(int, numbers), strict=False))
    with site(Path(home), Scale(**given)) as place:
        sys.stdout.write(f"filled in {place.filled_s:.1f} s\n{facts(place)}"[:600])


if __name__ == "__main__":
    main(*sys.argv[1:])
