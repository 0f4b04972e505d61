"""What the server says of a connection, and the end of it."""

from core.db.driver import Connection
from core.testing.server import TestServer


def end_of_line(postgres: TestServer, process: int) -> None:
    """Ends a server process, and comes back when it is gone."""
    postgres.query(f"SELECT pg_terminate_backend({process}, 10000)")


class Server:
    """What the server itself says of a connection."""

    def __init__(self, seen: Connection, postgres: TestServer, database: str) -> None:
        self._process, self._postgres = seen.info.backend_pid, postgres
        self._database = database

    def state(self) -> object:
        found = self._postgres.query(
            f"SELECT state FROM pg_stat_activity WHERE pid = {self._process}"
        )
        return found[0][0]

    def end(self) -> None:
        end_of_line(self._postgres, self._process)
