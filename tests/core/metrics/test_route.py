"""``/metrics``: who may read it, and what it shows."""

import re
import threading
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import Engine, event

from core.app import Installation
from core.app.figures import exposition_of
from core.clock import utc_now
from core.db.unit import session
from core.http import errors, metrics
from core.jobs.models import JobState, OutboxJob
from core.metrics.door import Door
from core.metrics.exposition import Asked, Source
from core.testing.kit import PASSWORD, TestGym

TOKEN = "scrape-me-if-you-can"
LOOPBACK = ("127.0.0.0/8", "::1/128")


def ask(
    door: Door,
    address: str,
    headers: Mapping[str, str] | None = None,
    *,
    behind_proxies: bool = False,
) -> int:
    app = Flask("shown")
    app.register_blueprint(
        metrics.blueprint(lambda: b"up 1\n", door, behind_proxies=behind_proxies)
    )
    errors.install(app)
    answer = app.test_client().get(
        "/metrics", headers=headers, environ_overrides={"REMOTE_ADDR": address}
    )
    assert (b"up 1" in answer.data) == (answer.status_code == 200)
    return answer.status_code


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("127.0.0.1", 200),
        ("::1", 200),
        ("::ffff:127.0.0.1", 200),
        ("10.0.0.7", 403),
        ("2001:db8::1", 403),
        ("", 403),
        ("nonsense", 403),
    ],
)
def test_addresses_that_the_operator_named_may_read(address: str, status: int) -> None:
    assert ask(Door(LOOPBACK, None), address) == status


@pytest.mark.parametrize(
    ("given", "status"),
    [
        (f"Bearer {TOKEN}", 200),
        (f"bearer  {TOKEN} ", 200),
        (f"Bearer {TOKEN}x", 403),
        (f"Basic {TOKEN}", 403),
        (TOKEN, 403),
        ("Bearer", 403),
        ("Bearer \xff", 403),
    ],
)
def test_a_token_opens_to_any_address(given: str, status: int) -> None:
    assert ask(Door((), TOKEN), "203.0.113.9", {"Authorization": given}) == status


def test_no_token_is_no_empty_token() -> None:
    for token in (None, ""):
        sent = {"Authorization": "Bearer "}
        assert ask(Door((), token), "203.0.113.9", sent) == 403


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
def test_a_proxy_that_nobody_declared_is_not_the_caller(header: str) -> None:
    door = Door(LOOPBACK, TOKEN)
    sent = {header: "198.51.100.4"}
    assert ask(door, "127.0.0.1", sent) == 403
    assert ask(door, "127.0.0.1", sent, behind_proxies=True) == 200
    assert ask(door, "127.0.0.1", {**sent, "Authorization": f"Bearer {TOKEN}"}) == 200


def shown(gym: TestGym) -> dict[str, float]:
    """Every series and its figure."""
    answer = gym.app.test_client().get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in lines}


def grown(before: dict[str, float], after: dict[str, float]) -> dict[str, float]:
    """By how much the counters of requests grew, without those of ``/metrics``."""
    return {
        series: figure - before.get(series, 0)
        for series, figure in after.items()
        if series.startswith("http_requests_total")
        and '"/metrics"' not in series
        and figure != before.get(series, 0)
    }


def test_requests_are_counted_by_route_never_by_path(gym: TestGym) -> None:
    api = gym.api("admin")
    user = gym.user("client")
    before = shown(gym)
    api.get(f"/users/{user}")
    api.raw("GET", f"/users/{uuid.uuid4()}")
    for number in range(3):
        api.at("GET", f"/nowhere/{number}-{uuid.uuid4()}")
    api.at("BREW", "/nowhere")
    api.raw("DELETE", "/me")
    after = shown(gym)
    rule = "/api/v1/users/<uuid:user_id>"
    assert grown(before, after) == {
        f'http_requests_total{{method="GET",route="{rule}",status_code="200"}}': 1,
        f'http_requests_total{{method="GET",route="{rule}",status_code="404"}}': 1,
        'http_requests_total{method="GET",route="(unknown)",status_code="404"}': 3,
        'http_requests_total{method="OTHER",route="(unknown)",status_code="404"}': 1,
        'http_requests_total{method="DELETE",route="(unknown)",status_code="405"}': 1,
    }
    assert not re.search(rf"{gym.slug}|{user}|{gym.id}", "\n".join(after))


def test_a_refused_log_in_is_counted_under_its_code(gym: TestGym) -> None:
    series = 'auth_login_fail_total{reason="AUTH_INVALID_CREDENTIALS"}'
    before = shown(gym).get(series, 0)
    body = {"login": gym.email("admin"), "password": f"{PASSWORD}x"}
    assert gym.api().raw("POST", "/auth/login", json=body).status_code == 401
    assert shown(gym)[series] == before + 1


def test_it_shows_the_outbox_of_all_gyms(
    gym: TestGym, other_gym: TestGym, installation: Installation
) -> None:
    before = dead_jobs(installation)
    for one in (gym, other_gym):
        with one.unit():
            session().add(OutboxJob(kind="x.y", state=JobState.DEAD, run_at=utc_now()))
    assert dead_jobs(installation) == before + 2


def dead_jobs(installation: Installation) -> float:
    """As a process that starts now shows them; it may be too busy to at first."""
    for _ in range(30):
        text = exposition_of(installation, {"all": lambda: None}).render().decode()
        found = re.search(r'^outbox_jobs{state="dead"} (\S+)$', text, re.MULTILINE)
        if found is not None and 'palestra_ready{check="all"} 1.0' in text:
            return float(found[1])
    pytest.fail("Its figures are not shown.")


def test_connections_in_use_are_those_that_are(
    gym: TestGym, installation: Installation
) -> None:
    series = 'db_pool_in_use{pool="app"}'
    api = gym.api("admin")
    before = shown(gym)[series]
    with gym.unit():
        assert shown(gym)[series] == before + 1
    assert shown(gym)[series] == before

    def away(*_arguments: Any, **_options: Any) -> None:
        raise psycopg.OperationalError("no route to host")

    engine: Engine = installation.databases.app
    engine.dispose()
    event.listen(engine, "do_connect", away)
    try:
        assert api.raw("GET", "/me").status_code == 503
    finally:
        event.remove(engine, "do_connect", away)
    api.get("/me")
    assert shown(gym)[series] == before


def test_a_source_that_hangs_holds_up_nothing_else() -> None:
    begun, leave = threading.Event(), threading.Event()
    calls: list[int] = []

    def ask_slowly() -> list[Asked]:
        calls.append(1)
        begun.set()
        leave.wait()
        return [Asked("x", "X.", [((), 1.0)])]

    source = Source(ask_slowly, wait_s=0.05)
    assert source.answer() is None
    assert begun.wait(60)
    assert source.answer() is None
    assert calls == [1]
    leave.set()
    patience = Source(list, wait_s=60)
    assert patience.answer() == []


def test_a_source_is_asked_now_and_then_only() -> None:
    calls: list[int] = []

    def count() -> list[Asked]:
        calls.append(1)
        return []

    asked: Callable[[], list[Asked]] = count
    source = Source(asked, every_s=60)
    assert [source.answer(), source.answer()] == [[], []]
    assert calls == [1]
