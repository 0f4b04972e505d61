"""What a caller is told when the database fails in the middle of a request."""

from typing import NoReturn

import psycopg
import pytest
from psycopg import errors as pg
from sqlalchemy.exc import DBAPIError

from tests.core.http.tiny_app import TinyApp


@pytest.mark.parametrize(
    ("cause", "status"),
    [
        (psycopg.OperationalError("The connection is lost."), 503),
        (pg.AdminShutdown("terminating connection"), 503),
        (pg.CrashShutdown("terminating connection"), 503),
        (pg.TooManyConnections("sorry, too many clients already"), 503),
        (pg.QueryCanceled("canceling statement due to statement timeout"), 503),
        (pg.SerializationFailure("could not serialize access"), 409),
        (pg.LockNotAvailable("canceling statement due to lock timeout"), 409),
        (pg.StatementTooComplex("stack depth limit exceeded"), 500),
        (pg.UndefinedColumn("column does not exist"), 500),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
def test_whose_fault_it_is_decides_the_answer(
    cause: psycopg.Error, status: int
) -> None:
    def fail() -> NoReturn:
        raise DBAPIError.instance(
            "SELECT 1", None, cause, psycopg.Error, hide_parameters=True
        )

    app = TinyApp()
    app.add_url_rule("/fails", view_func=fail)
    answer = app.test_client().get("/fails")
    assert answer.status_code == status
    assert (answer.headers.get("Retry-After") == "1") == (status == 503)
