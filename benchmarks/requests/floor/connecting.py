"""The connection of a thread, however its transactions are made."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import psycopg
from psycopg.types.json import set_json_loads
from psycopg.types.string import TextLoader

from benchmarks.requests.floor.settings import DATABASE_URL

Row = tuple[Any, ...]
Values = Sequence[Any] | Mapping[str, Any]

_OPTIONS = (
    "-c statement_timeout=15000 -c lock_timeout=5000"
    " -c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
)

set_json_loads(orjson.loads)


def connect() -> psycopg.Connection[Row]:
    """Opens a connection."""
    connection = psycopg.connect(
        DATABASE_URL, autocommit=True, options=_OPTIONS, connect_timeout=10
    )
    # Ids stay text, as they come and as they are answered.
    connection.adapters.register_loader("uuid", TextLoader)
    return connection
