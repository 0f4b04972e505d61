"""The table of ``make bench``, and what its load makes of answers."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice, repeat

import pytest

from benchmarks.requests import agreement, works
from benchmarks.requests.contenders import stat_fields
from benchmarks.requests.load import (
    BadAnswer,
    Planned,
    Tally,
    closed_loop,
    length_of,
    open_loop,
    quantile,
    status_of,
)
from benchmarks.requests.table import Ratio, Round, aligned, comparison, table

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nX: y\r\n\r\nbody"
PLANNED = Planned("list", b"GET / HTTP/1.1\r\n\r\n", 200)


def test_the_length_of_an_answer_counts_its_headers() -> None:
    assert length_of(ANSWER) == len(ANSWER)
    assert length_of(ANSWER.replace(b"Content-L", b"content-l")) == len(ANSWER)


def test_an_answer_whose_headers_have_not_ended_has_no_length_yet() -> None:
    assert length_of(ANSWER[:40]) == 0


def test_a_length_in_the_body_does_not_count() -> None:
    with pytest.raises(BadAnswer, match="without Content-Length"):
        length_of(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\n\r\ncontent-length: 9")


def test_204_has_no_body() -> None:
    raw = b"HTTP/1.1 204 No Content\r\n\r\n"
    assert length_of(raw) == len(raw)
    assert status_of(raw) == 204


def test_what_is_no_http_is_refused() -> None:
    with pytest.raises(BadAnswer, match=r"no HTTP/1\.1"):
        status_of(b"SSH-2.0-OpenSSH")


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, 50.0), (0.95, 95.0), (0.99, 99.0), (1.0, 100.0)]
)
def test_a_quantile_is_the_nearest_rank(share: float, expected: float) -> None:
    assert quantile([float(n) for n in range(100, 0, -1)], share) == expected


def test_no_values_have_the_quantile_zero() -> None:
    assert quantile([], 0.99) == 0.0


def test_a_tally_tells_errors_from_answers() -> None:
    tally = Tally(elapsed_s=2.0)
    for status in (200, 200, 503, 409):
        tally.add(PLANNED, status, 0.01, b"%d" % status)
    assert (tally.answers, tally.failed, tally.rate) == (4, 2, 2.0)
    assert tally.errors == {503: 1, 409: 1}
    assert tally.sample == b"503"


def test_a_round_shares_processor_time_out_to_answers() -> None:
    tally = Tally(elapsed_s=1.0)
    for number in range(1, 11):
        tally.add(PLANNED, 200 if number < 10 else 500, number / 1000, b"")
    one = Round.of(tally, cpu_s=0.5, database_cpu_s=0.2)
    assert one == Round(10.0, 0.005, 0.01, 0.01, 0.05, 0.02, 0.1)


def _round(rate: float) -> Round:
    return Round(rate, 0.001, 0.002, 0.003, 0.0001, 0.00005, 0.0)


def test_a_ratio_is_taken_round_by_round() -> None:
    ratio = Ratio.of(
        [_round(90), _round(200), _round(40)], [_round(100), _round(100), _round(50)]
    )
    assert str(ratio) == "0.90 (0.80-2.00)"


def test_the_table_sets_every_contender_against_the_floor() -> None:
    said = table(
        {"list": {"floor": [_round(1000)], "palestra": [_round(1234)]}},
        {"palestra": [_round(100)]},
    ).splitlines()
    assert said[1].split()[:5] == ["list", "floor", "1,000", "1.00", "(1.00-1.00)"]
    assert said[2].split() == [
        "list", "palestra", "1,234", "1.23", "(1.23-1.23)", "1.0", "2.0", "3.0", "100",
        "50", "0.00%",
    ]  # fmt: skip
    assert said[4].split()[:4] == ["open", "loop", "palestra", "100"]


def test_a_contender_is_compared_with_each_of_the_others() -> None:
    results = {
        "list": {
            "floor": [_round(100)],
            "palestra": [_round(90)],
            "drf": [_round(30)],
        }
    }
    assert comparison(results, "palestra").splitlines() == [
        "work      palestra/floor      palestra/drf",
        "list    0.90 (0.90-0.90)  3.00 (3.00-3.00)",
    ]


def test_columns_line_up() -> None:
    assert aligned([("a", "b", "1"), ("aa", "b", "10")]) == "a   b   1\naa  b  10"


def test_a_process_name_may_hold_anything() -> None:
    assert stat_fields("7 (a) b (c) S 1 2 3")[:2] == ["S", "1"]


def test_works_are_mixed_by_weight_and_evenly() -> None:
    names = [
        one.name for one in islice(works.spread({works.LIST: 3, works.BOOK: 1}), 8)
    ]
    assert names == ["list", "list", "book", "list"] * 2


def test_what_is_made_on_the_way_is_masked_and_the_rest_is_not() -> None:
    body = {"id": "x", "status": "y", "version": 7, "rows": [{"id": 3}]}
    assert agreement.masked(body, frozenset({"id"}), {"version": 2}) == {
        "id": "<str>",
        "status": "y",
        "version": 5,
        "rows": [{"id": "<int>"}],
    }


def test_of_an_error_the_code_and_the_fields_count() -> None:
    error = {"code": "TAKEN", "message": "No.", "details": {"body": {"at": ["Bad."]}}}
    assert agreement.in_any_words(error) == {
        "code": "TAKEN",
        "message": "<said>",
        "details": {"body": {"at": "<said>"}},
    }


def test_a_field_that_is_null_here_and_filled_there_does_differ() -> None:
    made = frozenset({"nextCursor"})
    assert agreement.masked({"nextCursor": None}, made, {}) != agreement.masked(
        {"nextCursor": "abc"}, made, {}
    )


@contextmanager
def _server(*parts: bytes) -> Iterator[int]:
    """Answers every request of each connection with ``parts``, sent one by one."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with connection:
            while connection.recv(65536):
                for part in parts:
                    connection.sendall(part)

    def accept() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_the_closed_loop_counts_answers_that_come_in_pieces() -> None:
    with _server(ANSWER[:20], ANSWER[20:-2], ANSWER[-2:]) as port:
        tally = closed_loop(port, repeat(PLANNED), connections=3, seconds=0.1)
    assert tally.answers >= 3
    assert tally.failed == 0


def test_the_open_loop_sends_as_many_as_are_due() -> None:
    with _server(ANSWER) as port:
        tally = open_loop(port, repeat(PLANNED), rate=200, connections=2, seconds=0.25)
    assert (tally.answers, tally.failed) == (50, 0)


def test_a_server_that_hangs_up_is_told() -> None:
    listener = socket.create_server(("127.0.0.1", 0))

    def hang_up() -> None:
        connection, _address = listener.accept()
        connection.recv(65536)
        connection.close()

    threading.Thread(target=hang_up, daemon=True).start()
    with listener, pytest.raises(BadAnswer, match="hung up"):
        closed_loop(
            listener.getsockname()[1], repeat(PLANNED), connections=1, seconds=1
        )
