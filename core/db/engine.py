"""Connections by purpose: three roles, each with its own pool.

``owner`` runs migrations and nothing else. ``app`` serves requests and jobs under
row level security. ``operator`` serves the operator's surface: it is a member of
the app role and has, by explicit policies, the registry of gyms besides.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from core.config import DatabaseSettings
from core.db.driver import DRIVER
from core.metrics import gauge

_POOL_WAIT_S = 10
"""Seconds a request waits for a free connection before it is refused."""

_in_use = gauge("db_pool_in_use", "Database connections in use.", ("pool",))
_size = gauge("db_pool_size", "Database connections that may be open.", ("pool",))


def _json(value: Any) -> str:
    return orjson.dumps(value).decode()


def _server_options(settings: DatabaseSettings) -> str:
    """Time-outs that hold on every connection, as libpq start-up options."""
    return " ".join(
        f"-c {name}={value}"
        for name, value in (
            ("statement_timeout", _milliseconds(settings.statement_timeout)),
            ("lock_timeout", _milliseconds(settings.lock_timeout)),
            (
                "idle_in_transaction_session_timeout",
                _milliseconds(settings.idle_in_transaction_timeout),
            ),
            ("timezone", "UTC"),
        )
    )


def _milliseconds(span: timedelta) -> int:
    return span // timedelta(milliseconds=1)


def transactional_engine(url: str, settings: DatabaseSettings) -> Engine:
    """An engine whose transactions ``TenantSession`` opens itself.

    No ping before use: a dead connection shows at the opening message, which is
    sent again on a fresh one (see ``core.db.unit``).
    """
    return create_engine(
        make_url(url).set(drivername=DRIVER),
        pool_size=settings.pool_size,
        max_overflow=0,
        pool_timeout=_POOL_WAIT_S,
        json_serializer=_json,
        json_deserializer=orjson.loads,
        hide_parameters=True,  # what people wrote, in every message of a failure
        connect_args={
            "options": _server_options(settings),
            "prepare_threshold": 2,
            "autocommit": True,
            "connect_timeout": 10,
            "application_name": "palestra",
        },
    )


def _watched(engine: Engine, pool: str, settings: DatabaseSettings) -> Engine:
    """Shows how much of a pool is in use, and how large it is."""

    @event.listens_for(engine, "connect")
    def _there_is_a_pool(_connection: object, _record: object) -> None:
        _size.set(settings.pool_size, pool)

    @event.listens_for(engine, "checkout")
    def _taken(
        _connection: object, record: ConnectionPoolEntry, _proxy: object
    ) -> None:
        known = record.record_info
        if known is not None:
            known["counted"] = True
            _in_use.add(1, pool)

    @event.listens_for(engine, "checkin")
    def _given_back(_connection: object, record: ConnectionPoolEntry) -> None:
        # A connection that could not be opened is given back without being taken.
        known = record.record_info
        if known is not None and known.pop("counted", False):
            _in_use.add(-1, pool)

    return engine


@dataclass(frozen=True, slots=True)
class Databases:
    """The pools of this process.

    Attributes:
        app: For requests and jobs.
        operator: For the operator's surface and the registry of gyms.
        owner_url: For migrations, which open and close their own connection.
    """

    app: Engine
    operator: Engine
    owner_url: str

    @classmethod
    def connect(
        cls, settings: DatabaseSettings, *, app: str, operator: str, owner: str
    ) -> "Databases":
        """Builds the pools; no connection is opened before it is needed."""
        return cls(
            app=_watched(transactional_engine(app, settings), "app", settings),
            operator=_watched(
                transactional_engine(operator, settings), "operator", settings
            ),
            owner_url=owner,
        )

    def dispose(self) -> None:
        """Closes every pooled connection."""
        for pool in ("app", "operator"):
            _size.set(0, pool)
        self.app.dispose()
        self.operator.dispose()
