"""Anchor files: whole, genuine, and readable after a crash."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from core.audit.anchors import Anchors
from core.ids import new_id
from core.logging.redaction import redact

GYM = new_id()
KEY = bytes(range(32))


@dataclass(frozen=True)
class Seal:
    seq: int
    hash: bytes = bytes(32)
    entries: int = 3
    sealed_at: datetime = datetime(2026, 3, 2, tzinfo=UTC)


@pytest.fixture
def anchors(tmp_path: Path) -> Anchors:
    return Anchors(tmp_path / "anchors", KEY)


def genuine(anchors: Anchors) -> list[tuple[int, bool]]:
    return [(anchor.seq, anchor.genuine) for anchor in anchors.read(GYM)]


def test_nothing_is_anchored_at_first(anchors: Anchors) -> None:
    assert anchors.last_seq(GYM) == 0
    assert anchors.read(GYM) == []


def test_lines_are_kept_in_order_once_each(anchors: Anchors) -> None:
    anchors.append(GYM, [Seal(1), Seal(2)])
    anchors.append(GYM, [Seal(2), Seal(3, b"\1" * 32, 9)])
    assert genuine(anchors) == [(1, True), (2, True), (3, True)]
    assert anchors.last_seq(GYM) == 3
    last = anchors.read(GYM)[-1]
    assert (last.hash, last.entries) == (b"\1" * 32, 9)


def test_only_the_owner_reads_the_file(anchors: Anchors) -> None:
    anchors.append(GYM, [Seal(1)])
    path = anchors.path(GYM)
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        (b"2 ", b"7 ", [7]),
        (b" 3 2026", b" 4 2026", [1, 2, 3]),
        (b"T00:00:00+00:00 ", b"T00:00:01+00:00 ", [1, 2, 3]),
        (b"00 3", b"01 3", [1, 2, 3]),
        (b" ", b"", [0, 0, 0]),
    ],
)
def test_a_changed_line_is_not_genuine(
    anchors: Anchors, old: bytes, new: bytes, wrong: list[int]
) -> None:
    anchors.append(GYM, [Seal(1), Seal(2), Seal(3)])
    path = anchors.path(GYM)
    lines = path.read_bytes().splitlines(keepends=True)
    if wrong == [7]:
        lines[1] = lines[1].replace(old, new, 1)
        path.write_bytes(b"".join(lines))
    else:
        path.write_bytes(path.read_bytes().replace(old, new))
    found = [seq for seq, right in genuine(anchors) if not right]
    assert len(found) == len(wrong)
    if wrong == [7]:
        assert found == wrong


def test_a_line_taken_out_breaks_the_next(anchors: Anchors) -> None:
    anchors.append(GYM, [Seal(1), Seal(2), Seal(3)])
    path = anchors.path(GYM)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[2])
    assert genuine(anchors) == [(1, True), (3, False)]


def test_another_key_or_gym_makes_no_anchor(anchors: Anchors) -> None:
    anchors.append(GYM, [Seal(1)])
    other = Anchors(anchors.path(GYM).parent, bytes(32))
    assert genuine(other) == [(1, False)]
    stranger = new_id()
    anchors.path(stranger).write_bytes(anchors.path(GYM).read_bytes())
    assert not anchors.read(stranger)[0].genuine


def test_a_torn_line_is_written_again(anchors: Anchors) -> None:
    anchors.append(GYM, [Seal(1), Seal(2)])
    path = anchors.path(GYM)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    assert anchors.last_seq(GYM) == 1
    anchors.append(GYM, [Seal(1), Seal(2)])
    assert path.read_bytes() == whole


def test_a_file_torn_in_its_first_line_begins_again(anchors: Anchors) -> None:
    anchors.append(GYM, [Seal(1)])
    whole = anchors.path(GYM).read_bytes()
    anchors.path(GYM).write_bytes(whole[:9])
    assert anchors.last_seq(GYM) == 0
    anchors.append(GYM, [Seal(1)])
    assert anchors.path(GYM).read_bytes() == whole


def test_many_at_once_write_each_line_once(anchors: Anchors) -> None:
    seals = [Seal(number) for number in range(1, 40)]
    threads = [
        threading.Thread(target=anchors.append, args=(GYM, seals)) for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert genuine(anchors) == [(seal.seq, True) for seal in seals]


def test_the_log_says_the_same_and_nothing_of_it_is_masked(anchors: Anchors) -> None:
    digest = bytes(range(32))
    with capture_logs() as lines:
        anchors.append(GYM, [Seal(1, digest)])
    (line,) = lines
    kept = redact(None, "info", dict(line))
    assert kept["tenant"] == str(GYM)
    assert (kept["seq"], kept["hash"], kept["entries"]) == (1, digest.hex(), 3)
    assert str(kept["mac"]).encode() in anchors.path(GYM).read_bytes()
