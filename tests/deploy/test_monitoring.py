"""The files for operators: they parse, and speak of figures that exist."""

import json
import re
import time
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from sqlalchemy import select

from core.app.background import runtime_of
from core.clock import as_rfc3339, utc_now
from core.db.unit import session
from core.db.writes import update_where
from core.jobs.loops import Loop
from core.jobs.models import JobState, OutboxJob
from core.jobs.runner import Runner
from core.jobs.runtime import JobRef
from core.operations.last_backup import LastBackup
from core.testing.kit import TestGym

FOLDER = Path(__file__).parents[2] / "deploy" / "monitoring"

_WORDS = re.compile(r"[a-z_][a-z0-9_]*")
_QUOTED = re.compile(r'"[^"]*"')
_LABELS = re.compile(r"\b(?:by|without|on|ignoring)\s*\([^)]*\)")
_MATCHED = re.compile(r"[a-z_]+(?==~|!=|!~|=)")
_RANGES = re.compile(r"\[[^\]]*\]|\boffset\s+\w+|\$__\w+")
_NUMBERS = re.compile(r"\b[0-9.]+[a-z]*\b")
_LANGUAGE = frozenset(
    {
        "sum", "min", "max", "rate", "increase", "time", "vector", "topk", "or", "by",
        "histogram_quantile",
    }
)  # fmt: skip


def read(name: str) -> str:
    return (FOLDER / name).read_text("utf-8")


def metrics_in(expression: str) -> set[str]:
    """The names of metrics that an expression of PromQL speaks of."""
    left = expression
    for noise in (_QUOTED, _LABELS, _RANGES, _MATCHED, _NUMBERS):
        left = noise.sub(" ", left)
    return set(_WORDS.findall(left)) - _LANGUAGE


def expressions() -> dict[str, str]:
    """Every expression of alerts and panels, by what it is for."""
    rules = yaml.safe_load(read("alerts.yml"))
    found = {
        rule["alert"]: rule["expr"]
        for group in rules["groups"]
        for rule in group["rules"]
    }
    for panel in panels():
        for target in panel["targets"]:
            found[f"{panel['title']} {target['refId']}"] = target["expr"]
    return found


def panels() -> list[dict[str, Any]]:
    dashboard = json.loads(read("grafana-dashboard.json"))
    found: list[dict[str, Any]] = dashboard["panels"]
    return found


def test_the_names_of_metrics_are_found_in_expressions() -> None:
    expression = (
        'histogram_quantile(0.95, sum by (le, route) (rate(a_bucket{route!~"/x",'
        'status_code=~"5.."}[5m]))) / max(b_total offset 1h) > 0.6'
    )
    assert metrics_in(expression) == {"a_bucket", "b_total"}


def test_every_figure_that_is_spoken_of_is_shown_after_a_run(gym: TestGym) -> None:
    live(gym)
    spoken = {
        name: metrics_in(expression) for name, expression in expressions().items()
    }
    assert all(spoken.values())
    used = set().union(*spoken.values()) - {"up"}  # Prometheus itself makes that one
    deadline = time.monotonic() + 60
    # What costs a query is kept for some seconds, and may come too late for a scrape.
    while missing := used - shown(gym):
        assert time.monotonic() < deadline, missing
        time.sleep(0.2)


def shown(gym: TestGym) -> set[str]:
    """The names of the figures that a scrape gets."""
    text = gym.app.test_client().get("/metrics").text
    return {re.split(r"[{ ]", line)[0] for line in text.splitlines() if line[:1] != "#"}


def live(gym: TestGym) -> None:
    """Does what makes every figure appear."""
    home = gym.installation.settings.server.home
    LastBackup(as_rfc3339(utc_now()), "id", "file", 1).write(home)
    body = {"login": gym.email("admin"), "password": "Not-The-Password-7!"}
    gym.api().raw("POST", "/auth/login", json=body)
    person = {"email": "ada@example.com", "name": "Ada", "role": "client"}
    gym.api("admin").post("/auth/register", person)
    with gym.unit():
        waiting = session().scalars(select(OutboxJob.id)).all()
        update_where(
            session(),
            OutboxJob,
            OutboxJob.id.in_(waiting),
            values={"state": JobState.QUEUED, "max_attempts": 1},
        )
    runner = Runner(runtime_of(gym.installation))
    for job in waiting:
        runner.run(JobRef(gym.id, job))
    Loop("job-relay", runtime_of(gym.installation).timing.poll, _nothing)._once()  # noqa: SLF001
    Loop("job-relay", runtime_of(gym.installation).timing.poll, _broken)._once()  # noqa: SLF001


def _nothing() -> int:
    return 0


def _broken() -> int:
    raise LookupError


def test_alerts_are_complete() -> None:
    rules = yaml.safe_load(read("alerts.yml"))["groups"][0]["rules"]
    for rule in rules:
        assert rule["labels"]["severity"] in {"warning", "critical"}
        assert rule["annotations"].keys() == {"summary", "description"}
    assert len({rule["alert"] for rule in rules}) == len(rules)


def test_prometheus_loads_the_alerts_that_are_there() -> None:
    config = yaml.safe_load(read("prometheus.yml"))
    assert [(FOLDER / name).is_file() for name in config["rule_files"]] == [True]
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    assert jobs["palestra"]["metrics_path"] == "/metrics"


def test_panels_have_places_of_their_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not taken & cells, panel["title"]
        assert all(x < 24 for x, _y in cells), panel["title"]
        taken |= cells
    assert len({panel["id"] for panel in panels()}) == len(panels())


def test_logs_are_kept_for_a_month_at_most_and_really_deleted() -> None:
    config = yaml.safe_load(read("loki.yml"))
    hours = int(config["limits_config"]["retention_period"].removesuffix("h"))
    assert 14 * 24 <= hours <= 30 * 24
    assert config["compactor"]["retention_enabled"] is True


def test_the_shipper_masks_what_got_past_the_log() -> None:
    text = read("config.alloy")
    assert text.count("{") == text.count("}")
    filters = [
        re.compile(json.loads(f'"{found}"'))
        for found in re.findall(r'expression = "((?:[^"\\]|\\.)*)"', text)
    ]
    line = "ada@example.com rang +49 30 1234567 with eyJhbGciOiJSUzI1NiJ9.eyJzdWIi.c2ln"
    for one in filters:
        line = one.sub("[redacted]", line)
    assert line == "[redacted] rang [redacted] with [redacted]"
    # A label with many values would be as many streams.
    assert re.findall(r"values = \{([^}]*)\}", text) == [' level = "", module = "" ']
