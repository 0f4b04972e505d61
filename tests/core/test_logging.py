"""The log: its form, its sources, and what must never be in it."""

import io
import json
import logging
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import granian.log
import pytest
import structlog
from typing_extensions import override

from core.logging import (
    MASK,
    SERVER_LOG_CONFIG,
    configure_logging,
    get_logger,
)
from core.logging.redaction import (
    MAX_ITEMS,
    MAX_TEXT,
)

EMAIL = "anna.schmidt+gym@mail.example.co.uk"
PHONE = "+49 171 123-4567"
JWT = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"
PII = (EMAIL, "anna.schmidt", PHONE, "123-4567", JWT, "c2lnbmF0dXJl")

LIBRARIES = ("werkzeug", "sqlalchemy.pool", "alembic", "_granian", "granian.access")


@dataclass(frozen=True)
class Options:
    level: str = "info"
    format: str = "json"


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {
        name: logging.getLogger(name).level
        for name in ("sqlalchemy", "httpx", "httpcore", "urllib3")
    }
    yield
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


@pytest.fixture
def stream() -> io.StringIO:
    stream = io.StringIO()
    configure_logging(Options(), stream)
    return stream


def entries(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def throw(error: Exception, cause: Exception | None = None) -> None:
    raise error from cause


def test_an_entry_is_one_line_of_json_with_its_context(stream: io.StringIO) -> None:
    tenant = UUID("0193a1b2-1111-7222-8333-444455556666")
    structlog.contextvars.bind_contextvars(
        traceId="trace-1", tenant=tenant, userId="u-1"
    )
    get_logger("core.example").info("booked", seats=3, coach_id=tenant)

    (entry,) = entries(stream)
    assert list(entry)[:7] == [
        "ts", "level", "msg", "traceId", "tenant", "userId", "module",
    ]  # fmt: skip
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", entry.pop("ts"))
    assert entry == {
        "level": "info",
        "msg": "booked",
        "traceId": "trace-1",
        "tenant": str(tenant),
        "userId": "u-1",
        "module": "core.example",
        "seats": 3,
        "coach_id": str(tenant),
    }


def test_entries_below_the_level_are_left_out(stream: io.StringIO) -> None:
    logger = get_logger("core.example")
    logger.debug("no")
    logger.warning("yes")
    assert [entry["msg"] for entry in entries(stream)] == ["yes"]


def test_configuring_again_counts_for_loggers_in_use(stream: io.StringIO) -> None:
    logger = get_logger("core.example")
    logger.info("first")
    second = io.StringIO()
    configure_logging(Options(level="error"), second)
    logger.info("quiet")
    logger.error("loud")
    assert [entry["msg"] for entry in entries(stream)] == ["first"]
    assert [entry["msg"] for entry in entries(second)] == ["loud"]


@pytest.mark.parametrize("name", LIBRARIES)
def test_libraries_write_the_same_way(name: str) -> None:
    library = logging.getLogger(name)
    stray = io.StringIO()
    library.addHandler(logging.StreamHandler(stray))
    stream = io.StringIO()
    configure_logging(Options(), stream)
    structlog.contextvars.bind_contextvars(traceId="trace-2")
    library.handlers.clear()

    library.warning("mail to %s", EMAIL, extra={"email": EMAIL, "tries": 2})

    (entry,) = entries(stream)
    assert stray.getvalue() == ""
    assert entry["msg"] == f"mail to {MASK}"
    assert (entry["module"], entry["level"]) == (name, "warning")
    assert (entry["traceId"], entry["email"], entry["tries"]) == ("trace-2", MASK, 2)


def test_what_a_library_says_is_text_whatever_it_is(stream: io.StringIO) -> None:
    said = {"event": "x", "level": "debug", "to": EMAIL}
    logging.getLogger("werkzeug").warning(said)
    (entry,) = entries(stream)
    assert (entry["level"], entry["module"]) == ("warning", "werkzeug")
    assert entry["msg"] == f"{{'event': 'x', 'level': 'debug', 'to': '{MASK}'}}"
    assert "to" not in entry


def test_an_entry_is_the_same_for_every_handler(stream: io.StringIO) -> None:
    second = io.StringIO()
    handlers = logging.getLogger().handlers
    (first,) = (one for one in handlers if getattr(one, "stream", None) is stream)
    again = logging.StreamHandler(second)
    again.setFormatter(first.formatter)
    logging.getLogger().addHandler(again)
    try:
        throw(ValueError("broken"))
    except ValueError:
        get_logger("core.example").exception("failed", seats=2)
    (entry,), (other,) = entries(stream), entries(second)
    assert entry["exception"][0]["exc_value"] == "broken"
    assert {**other, "ts": entry["ts"]} == entry


def test_handlers_that_a_library_made_are_removed() -> None:
    library = logging.getLogger("werkzeug")
    stray = io.StringIO()
    library.addHandler(logging.StreamHandler(stray))
    library.propagate = False
    stream = io.StringIO()
    configure_logging(Options(), stream)
    library.warning("served")
    assert stray.getvalue() == ""
    assert [entry["msg"] for entry in entries(stream)] == ["served"]


def test_statements_with_values_are_never_logged(stream: io.StringIO) -> None:
    logging.getLogger("sqlalchemy.engine").info("INSERT … ('Anna')")
    logging.getLogger("httpx").info("GET https://example.com")
    assert entries(stream) == []


def test_the_web_server_leaves_the_log_alone(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    granian.log.configure_logging(granian.log.LogLevels.info, SERVER_LOG_CONFIG)
    logging.getLogger("_granian").warning("listening")
    assert [entry["msg"] for entry in entries(stream)] == ["listening"]
    assert capsys.readouterr().out == ""


def test_an_exception_is_a_structured_stack_without_locals(
    stream: io.StringIO,
) -> None:
    def fail() -> None:
        local_secret = "hush" + "hush"
        raise ValueError(f"no account for {EMAIL} ({len(local_secret)})")

    try:
        fail()
    except ValueError as error:
        error.add_note(f"call {PHONE}")
        try:
            throw(RuntimeError(f"token={JWT}"), error)
        except RuntimeError:
            get_logger("core.example").exception("failed")

    (entry,) = entries(stream)
    outer, inner = entry["exception"]
    assert (outer["exc_type"], inner["exc_type"]) == ("RuntimeError", "ValueError")
    assert outer["exc_value"] == f"token={MASK}"
    assert inner["exc_value"] == f"no account for {MASK} (8)"
    assert inner["exc_notes"] == [f"call {MASK}"]
    assert inner["is_cause"] is True
    assert inner["frames"][-1]["name"] == "fail"
    assert inner["frames"][-1]["lineno"] > 0
    assert "hushhush" not in stream.getvalue()
    assert not any(piece in stream.getvalue() for piece in PII)


def test_a_library_exception_is_structured_too(stream: io.StringIO) -> None:
    try:
        throw(KeyError(EMAIL))
    except KeyError:
        logging.getLogger("werkzeug").exception("broken")
    (entry,) = entries(stream)
    assert entry["exception"][0]["exc_type"] == "KeyError"
    assert EMAIL not in stream.getvalue()


def test_nested_values_are_redacted_at_any_depth(stream: io.StringIO) -> None:
    get_logger("core.example").info(
        "created",
        request={
            "headers": {"Authorization": "Bearer x", "Set-Cookie": "a=b"},
            "user": {"firstName": "Anna", "contacts": [{"phoneNumber": PHONE}]},
            "notes": [f"ask {EMAIL}", {"deeper": (f"or {PHONE}",)}],
            "passwordHash": "argon2id$x",
            "hostname": "web-1",
            "size": 12,
            EMAIL: 1,
        },
        body={"anything": "at all"},
        refresh_token=None,
        error=ValueError(f"bad {EMAIL}"),
    )
    (entry,) = entries(stream)
    assert entry["request"] == {
        "headers": {"Authorization": MASK, "Set-Cookie": MASK},
        "user": {"firstName": MASK, "contacts": [{"phoneNumber": MASK}]},
        "notes": [f"ask {MASK}", {"deeper": [f"or {MASK}"]}],
        "passwordHash": MASK,
        "hostname": "web-1",
        "size": 12,
        MASK: MASK,
    }
    assert (entry["body"], entry["refresh_token"]) == (MASK, None)
    assert entry["error"] == f"bad {MASK}"


def test_values_are_bounded(stream: io.StringIO) -> None:
    deep: dict[str, Any] = {}
    for _ in range(50):
        deep = {"in": deep}
    get_logger("core.example").info(
        "x" * 10 * MAX_TEXT,
        many=list(range(10_000)),
        deep=deep,
        raw=b"\x00" * 9,
        huge=10**30,
        broken="\ud800",
    )
    (entry,) = entries(stream)
    assert entry["msg"].startswith("x" * MAX_TEXT)
    assert entry["msg"].endswith(f"… [cut, {10 * MAX_TEXT} characters]")
    assert len(entry["many"]) == MAX_ITEMS
    assert "[too deep]" in json.dumps(entry["deep"])
    assert entry["raw"] == "<9 bytes>"
    assert entry["huge"] == str(10**30)
    assert entry["broken"] == "\\ud800"
    assert len(stream.getvalue()) < 4 * MAX_TEXT


def test_a_value_that_cannot_be_written_does_not_cost_the_entry(
    stream: io.StringIO,
) -> None:
    class Broken:
        @override
        def __str__(self) -> str:
            raise RuntimeError(EMAIL)

    get_logger("core.example").info("kept", value=Broken())
    (entry,) = entries(stream)
    assert (entry["msg"], entry["value"]) == ("kept", "<Broken>")


def test_an_entry_that_cannot_be_rendered_shows_no_arguments(
    stream: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    # Once more, to be alone on the root logger: pytest's own handler raises here.
    configure_logging(Options(), stream)
    logging.getLogger("werkzeug").warning("%d tries", EMAIL)
    (entry,) = entries(stream)
    assert entry["msg"] == "A log entry could not be rendered."
    assert entry["module"] == "werkzeug"
    assert EMAIL not in stream.getvalue() + capsys.readouterr().err


def test_the_console_form_is_for_people_and_redacted_as_well() -> None:
    stream = io.StringIO()
    configure_logging(Options(format="console"), stream)
    try:
        throw(ValueError(f"no account for {EMAIL}"))
    except ValueError:
        get_logger("core.example").exception("failed", email=EMAIL, seats=2)

    text = stream.getvalue()
    assert re.search(r"error .*failed .*seats=2", text)
    assert f"ValueError: no account for {MASK}" in text
    assert "Traceback (most recent call last)" in text
    assert EMAIL not in text


def test_lines_go_to_standard_error_by_default(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging(Options())
    get_logger("core.example").info("here")
    captured = capsys.readouterr()
    assert json.loads(captured.err)["msg"] == "here"
    assert captured.out == ""
    assert sys.stderr is not sys.__stderr__
