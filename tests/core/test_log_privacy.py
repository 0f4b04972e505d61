"""A broad run of what people do, and of what breaks: nothing personal is logged."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog
from sqlalchemy import select

from core.app import Installation, create_app
from core.app.background import runtime_of
from core.auth.models import User
from core.db.unit import session
from core.db.writes import update_where
from core.http.blueprint import Blueprint
from core.http.pipeline import Palestra
from core.jobs.actor import actor
from core.jobs.models import JobState, OutboxJob
from core.jobs.outbox import enqueue
from core.jobs.registry import Registry
from core.jobs.runner import Outcome, Runner
from core.jobs.runtime import JobRef, Runtime
from core.logging import configure_logging
from core.testing.kit import PASSWORD, ApiClient, TestGym

MAIL = "wilhelmine.kaltenbrunner@mail.example"
NAME = "Wilhelmine Kaltenbrunner"
PHONE = "+4915112345678"
OWN_PASSWORD = "Zwölf-Gänse-92-Zaun!"
QUERY = "Kaltenbrunner"
SECRETS = (MAIL, "wilhelmine", QUERY, PHONE, "15112345678", OWN_PASSWORD, PASSWORD)


@dataclass(frozen=True)
class Options:
    level: str = "debug"
    format: str = "json"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What this process logs, down to the finest level."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    names = ("sqlalchemy", "httpx", "httpcore", "urllib3", "alembic", "_granian")
    levels = {name: logging.getLogger(name).level for name in names}
    stream = io.StringIO()
    configure_logging(Options(), stream)
    yield stream
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def twin() -> None:
    """Breaks a unique constraint, whose error quotes the row."""
    session().add(User(email=MAIL, name=NAME, role="client", status="active"))
    session().flush()


def defect() -> None:
    raise RuntimeError(f"no mail for {MAIL} ({PHONE}), password={OWN_PASSWORD}")


FAULTS = {"twin": twin, "defect": defect}


@actor("probe.breaks", max_attempts=2)
def breaks(*, kind: str) -> None:
    FAULTS[kind]()


@pytest.fixture
def faulty(installation: Installation) -> Palestra:
    """The application, with a route that breaks."""
    app = create_app(installation=installation)
    group = Blueprint("faults", prefix="/faults", tag="Faults")

    @group.post("/<kind>", summary="Break", public=True, status=200)
    def break_down(kind: str) -> object:
        FAULTS[kind]()
        return {}

    app.register_blueprint(group)
    return app


def run_jobs(gym: TestGym, runtime: Runtime) -> list[Outcome]:
    """Runs every job that waits, as a worker does."""
    with gym.unit():
        waiting = select(OutboxJob.id).where(OutboxJob.state == JobState.PENDING)
        found = list(session().scalars(waiting.order_by(OutboxJob.id)))
        update_where(
            session(),
            OutboxJob,
            OutboxJob.id.in_(found),
            values={"state": JobState.QUEUED, "max_attempts": 8},
        )
    return [Runner(runtime).run(JobRef(gym.id, job)) for job in found]


def tokens_of(answer: object) -> list[str]:
    """The tokens in an answer."""
    data = answer if isinstance(answer, dict) else {}
    names = ("accessToken", "refreshToken", "deviceToken", "key")
    return [str(data[name]) for name in names if data.get(name)]


def live(gym: TestGym) -> list[str]:
    """Registers, logs in, is invited, is refused; gives the tokens that were used."""
    admin, stranger = gym.api("admin"), gym.api()
    person = {"email": MAIL, "name": NAME, "phone": PHONE, "password": OWN_PASSWORD}
    admin.post("/auth/register", {**person, "role": "client"})
    invited = {"email": f"x.{MAIL}", "name": NAME, "role": "coach"}
    admin.post("/auth/register", invited)
    stranger.raw("POST", "/auth/register", json=person)
    stranger.raw("POST", "/auth/verify/resend", json={"email": MAIL})
    stranger.raw("POST", "/auth/password/forgot", json={"email": MAIL})
    wrong = {"login": MAIL, "password": f"{OWN_PASSWORD}x"}
    assert stranger.raw("POST", "/auth/login", json=wrong).status_code == 401
    right = {"login": MAIL, "password": OWN_PASSWORD}
    opened = stranger.post("/auth/login", right, expect=200)
    own = ApiClient(gym.app, gym.slug, opened["accessToken"])
    own.patch("/me", {"alias": QUERY}, expect=200)
    again = stranger.post(
        "/auth/refresh", {"refreshToken": opened["refreshToken"]}, expect=200
    )
    wanted = {"name": NAME, "permissions": ["users.user.read"]}
    key = admin.post("/api-keys", wanted)
    return [*tokens_of(opened), *tokens_of(again), *tokens_of(key)]


def err(gym: TestGym) -> None:
    """Sends what is refused, with people's data in every part of the request."""
    admin = gym.api("admin")
    for body in (
        {"email": MAIL, "name": {"first": NAME}, "phone": [PHONE], "role": MAIL},
        {"login": MAIL, MAIL: NAME, "password": OWN_PASSWORD},
        [MAIL, NAME],
    ):
        answer = admin.raw("POST", "/auth/register", json=body)
        assert answer.status_code in {400, 422}, answer.text
    broken = f'{{"email": "{MAIL}", "name": '.encode()
    admin.raw("POST", "/auth/register", data=broken, content_type="application/json")
    assert admin.raw("GET", "/users", query={"q": QUERY}).status_code == 200
    assert admin.raw("GET", "/users", query={"q": "x", "mail": MAIL}).status_code == 400
    assert admin.raw("GET", f"/users/{MAIL}").status_code == 404
    assert admin.raw("GET", f"/nowhere/{MAIL}/{PHONE}").status_code == 404
    agent = {"User-Agent": MAIL, "X-Request-Id": MAIL, "Cookie": f"name={QUERY}"}
    assert gym.api().raw("GET", "/me", headers=agent).status_code == 401


def test_nothing_personal_is_logged(
    gym: TestGym, faulty: Palestra, log: io.StringIO
) -> None:
    tokens = live(gym)
    err(gym)
    broken = ApiClient(faulty, gym.slug)
    for fault in FAULTS:
        assert broken.raw("POST", f"/faults/{fault}").status_code == 500
    outcomes = run_jobs(gym, runtime_of(gym.installation))
    with gym.unit():
        for fault in FAULTS:
            enqueue(breaks, args={"kind": fault})
    own = runtime_of(gym.installation)
    outcomes += run_jobs(
        gym,
        Runtime(
            units=own.units,
            operator=own.operator,
            in_gym=own.in_gym,
            gyms=list,
            registry=Registry([breaks]),
        ),
    )
    assert {Outcome.DONE, Outcome.FAILED} <= set(outcomes)
    text = log.getvalue()
    assert len(tokens) >= 5
    assert [
        one for one in (*SECRETS, *tokens) if one.casefold() in text.casefold()
    ] == []
    assert_told(text)


def assert_told(text: str) -> None:
    """What a reader needs is there all the same: who, what, and why it broke."""
    lines = [json.loads(line) for line in text.splitlines()]
    requests = [line for line in lines if line["msg"] == "http.request"]
    assert all(
        {"ts", "level", "traceId", "module", "method", "status", "ms"} <= line.keys()
        for line in requests
    )
    assert any("userId" in line and "route" in line for line in requests)
    defects = [line for line in lines if line["msg"] == "http.defect"]
    kinds = {trace["exc_type"] for line in defects for trace in line["exception"]}
    assert {"IntegrityError", "UniqueViolation", "RuntimeError"} <= kinds
    jobs = [line for line in lines if line["msg"] == "job.ran"]
    assert {"failed", "done"} <= {line["outcome"] for line in jobs}
    assert all({"kind", "traceId", "tenantId", "ms"} <= line.keys() for line in jobs)
