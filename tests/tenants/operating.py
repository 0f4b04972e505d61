"""Operators for tests, and their calls."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from werkzeug.test import TestResponse

from core.app import Installation
from core.auth.passwords import hash_password
from core.http.pipeline import Palestra
from core.ids import new_id
from tenants import operators
from tenants.models import Operator
from tenants.operators import OperatorDesk

PASSWORD = "Correct-Horse-7!"


@cache
def password_hash() -> str:
    return hash_password(PASSWORD)


def desk_of(app: Palestra) -> OperatorDesk:
    desk = app.platform.operators
    assert isinstance(desk, OperatorDesk)
    return desk


def new_operator(installation: Installation) -> Operator:
    return operators.create(
        installation.units("operator"),
        email=f"op-{new_id().hex[-12:]}@operators.example",
        name="Rita Root",
        password_hash=password_hash(),
    )


class OperatorApi:
    """Calls ``/platform/v1`` as one operator, or as nobody."""

    def __init__(self, app: Palestra, token: str | None = None) -> None:
        self.app, self.token = app, token

    def raw(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> TestResponse:
        sent = dict(headers or {})
        if self.token is not None:
            sent["Authorization"] = f"Bearer {self.token}"
        return self.app.test_client().open(
            f"/platform/v1{path}",
            method=method,
            json=json,
            headers=sent,
            query_string=query,
        )

    def call(self, method: str, path: str, *, expect: int = 200, **rest: Any) -> Any:
        answer = self.raw(method, path, **rest)
        assert answer.status_code == expect, answer.text
        return answer.get_json()["data"] if answer.data else None

    def fail(self, method: str, path: str, expect: int, code: str, **rest: Any) -> Any:
        answer = self.raw(method, path, **rest)
        error = answer.get_json()["error"]
        assert (answer.status_code, error["code"]) == (expect, code), answer.text
        return error
