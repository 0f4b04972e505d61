"""``Idempotency-Key``: sent twice, done once."""

from datetime import UTC, datetime, timedelta

import pytest
from flask import Request, Response
from sqlalchemy import func, select
from werkzeug.test import EnvironBuilder

from core.clock import frozen_at
from core.db.session import TenantSession
from core.errors import (
    Conflict,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    ValidationFailed,
)
from core.http.idempotency import MAX_KEY, IdempotencyKey, once, read_key
from core.testing.kit import TestGym

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Shop:
    """A route that creates, counting how often it did."""

    def __init__(self) -> None:
        self.sold = 0

    def sell(self) -> Response:
        self.sold += 1
        headers = {"ETag": '"1"', "X-Request-Id": "not-kept"}
        return Response(f'{{"sold":{self.sold}}}', status=201, headers=headers)

    def refuse(self) -> Response:
        raise Conflict

    def call(
        self, session: TenantSession, key: str = "key-1", body: str = "{}"
    ) -> Response:
        return once(session, request(body), key, self.sell)


def request(body: str = "{}", path: str = "/orders", method: str = "POST") -> Request:
    builder = EnvironBuilder(
        method=method, path=path, data=body, content_type="application/json"
    )
    return Request(builder.get_environ())


@pytest.fixture
def shop() -> Shop:
    return Shop()


def test_the_first_answer_is_given_again(gym: TestGym, shop: Shop) -> None:
    with gym.unit("client") as session:
        first = shop.call(session)
    with gym.unit("client") as session:
        again = shop.call(session)
    assert shop.sold == 1
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (again.status_code, again.data) == (201, first.data)
    assert again.headers["ETag"] == '"1"'
    assert "X-Request-Id" not in again.headers


def test_a_key_stands_for_one_body(gym: TestGym, shop: Shop) -> None:
    with gym.unit("client") as session:
        shop.call(session)
    with pytest.raises(IdempotencyKeyReused), gym.unit("client") as session:
        shop.call(session, body='{"other": 1}')
    assert shop.sold == 1


def test_keys_of_others_are_other_keys(
    gym: TestGym, other_gym: TestGym, shop: Shop
) -> None:
    with gym.unit("client") as session:
        shop.call(session)
        shop.call(session, key="key-2")
        once(session, request(path="/carts"), "key-1", shop.sell)
        once(session, request(method="PUT"), "key-1", shop.sell)
    with gym.unit("coach") as session:
        shop.call(session)
    with other_gym.unit("client") as session:
        shop.call(session)
    assert shop.sold == 6


def test_what_was_refused_may_be_tried_again(gym: TestGym, shop: Shop) -> None:
    with pytest.raises(Conflict), gym.unit("client") as session:
        once(session, request(), "key-1", shop.refuse)
    with gym.unit("client") as session:
        once(session, request(), "key-1", lambda: Response(status=409))
    with gym.unit("client") as session:
        assert shop.call(session).status_code == 201


def test_a_key_that_is_in_use_is_refused(gym: TestGym, shop: Shop) -> None:
    with gym.unit("client") as session:
        shop.call(session)
        with (
            pytest.raises(IdempotencyInProgress),
            gym.unit("client") as at_the_same_time,
        ):
            shop.call(at_the_same_time)
    assert shop.sold == 1


def test_a_key_is_kept_for_a_day(gym: TestGym, shop: Shop) -> None:
    with frozen_at(NOW), gym.unit("client") as session:
        shop.call(session)
    with frozen_at(NOW + timedelta(hours=24)), gym.unit("client") as session:
        shop.call(session)
    assert shop.sold == 1
    with frozen_at(NOW + timedelta(hours=24, seconds=1)), gym.unit("client") as session:
        shop.call(session)
        kept = session.scalar(select(func.count()).select_from(IdempotencyKey))
    assert (shop.sold, kept) == (2, 1)


def asking(key: str | None) -> Request:
    headers = [] if key is None else [("Idempotency-Key", key)]
    return Request(EnvironBuilder(headers=headers).get_environ())


def test_keys_are_read_from_the_header() -> None:
    assert read_key(asking(None)) is None
    assert read_key(asking("a")) == "a"
    assert read_key(asking("k" * MAX_KEY)) == "k" * MAX_KEY


@pytest.mark.parametrize("key", ["", "k" * (MAX_KEY + 1), "schlüssel", "a\tb"])
def test_other_keys_are_refused(key: str) -> None:
    with pytest.raises(ValidationFailed):
        read_key(asking(key))
