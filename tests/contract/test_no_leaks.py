"""Whatever breaks inside, nothing of it gets out: no stack trace, no SQL."""

from collections.abc import Callable

import pytest
from werkzeug.exceptions import BadGateway
from werkzeug.test import TestResponse

from core.app import Installation, create_app
from core.db.unit import session
from core.http.blueprint import Blueprint
from core.http.pipeline import Palestra
from core.http.schema import Schema, Text
from core.testing.kit import TestGym

SECRET = "hunter-2-at-vault.internal"
INNARDS = (
    SECRET,
    "Traceback",
    'File "',
    ".py",
    "SELECT",
    "relation",
    "psycopg",
    "sqlalchemy",
    "Error:",
)


class Answer(Schema):
    """What the faulty routes would answer."""

    value = Text(required=True)


def _defect() -> None:
    raise RuntimeError(f"cannot reach {SECRET}")


def _chained() -> None:
    try:
        _defect()
    except RuntimeError as error:
        raise KeyError(SECRET) from error


def _bad_sql() -> None:
    session().connection().exec_driver_sql(f"SELECT '{SECRET}' FROM nowhere")


def _bad_value() -> None:
    session().connection().exec_driver_sql(f"SELECT '{SECRET}'::uuid")


def _timeout() -> None:
    connection = session().connection()
    connection.exec_driver_sql("SET LOCAL statement_timeout = 10")
    connection.exec_driver_sql(f"SELECT pg_sleep(9), '{SECRET}'")


def _gateway() -> None:
    raise BadGateway(f"upstream {SECRET}")


def _deep() -> None:
    _deep()


FAULTS: dict[str, tuple[Callable[[], None], int]] = {
    "defect": (_defect, 500),
    "chained": (_chained, 500),
    "sql": (_bad_sql, 500),
    "value": (_bad_value, 500),
    "timeout": (_timeout, 503),
    "gateway": (_gateway, 500),
    "recursion": (_deep, 500),
}


@pytest.fixture(scope="module")
def faulty(installation: Installation) -> Palestra:
    """The application with routes that break in every way there is."""
    app = create_app(installation=installation)
    group = Blueprint("faults", prefix="/faults", tag="Faults")

    @group.get("/<kind>", summary="Break", public=True, returns=Answer)
    def break_down(kind: str) -> object:
        FAULTS[kind][0]()
        return {"value": kind}

    @group.post("/<kind>", summary="Break", public=True, stepwise=True)
    def break_outside(kind: str) -> object:
        FAULTS[kind][0]()
        return {"value": kind}

    app.register_blueprint(group)
    return app


def _leaks(answer: TestResponse) -> list[str]:
    told = answer.get_data(as_text=True) + str(answer.headers)
    return [word for word in INNARDS if word in told]


@pytest.mark.parametrize("kind", FAULTS)
def test_faults_tell_nothing(faulty: Palestra, gym: TestGym, kind: str) -> None:
    answer = faulty.test_client().get(
        f"/api/v1/faults/{kind}", headers={"X-Tenant": gym.slug}
    )
    status = FAULTS[kind][1]
    assert answer.status_code == status
    body = answer.get_json()
    assert body.keys() == {"ok", "error", "meta"}
    assert body["error"].keys() == {"code", "message"}
    assert body["error"]["code"] == ("UNAVAILABLE" if status == 503 else "INTERNAL")
    assert body["meta"]["traceId"] == answer.headers["X-Request-Id"]
    assert _leaks(answer) == []


def test_faults_outside_of_a_transaction_tell_nothing(
    faulty: Palestra, gym: TestGym
) -> None:
    answer = faulty.test_client().post(
        "/api/v1/faults/chained", headers={"X-Tenant": gym.slug}
    )
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (500, "INTERNAL")
    assert _leaks(answer) == []
