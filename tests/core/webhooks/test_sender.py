"""One request to a receiver: where it goes, who it trusts, how long it takes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.config import Settings
from core.outbound.addresses import Network, networks
from core.outbound.guard import Guard, Resolve
from core.webhooks.sender import Answer, Sender
from tests.core.webhooks.receiver import Authority, authority, receiver

LOOPBACK = networks(["127.0.0.1/32"])
HOST = "hooks.example.com"
PATIENCE_S = 60.0
"""However busy the machine is; what is to end sooner has a deadline of its own."""


def local(_host: str, _port: int) -> Sequence[str]:
    return ["127.0.0.1"]


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return authority(tmp_path_factory.mktemp("ca"))


def sender(
    *,
    allowed: Sequence[Network] = LOOPBACK,
    resolve: Resolve = local,
    **options: Any,
) -> Sender:
    guard = Guard(allowed, resolve=resolve)
    return Sender(guard, **{"plain_http": True, "seconds": PATIENCE_S, **options})


def test_the_certificate_is_held_to_the_name_and_the_name_is_sent(
    ca: Authority,
) -> None:
    with receiver(tls=ca.server(HOST)) as there:
        url = f"https://{HOST}:{there.port}/in?x=1"
        answer = sender(tls=ca.client).post(url, {"X-Note": "n"}, b"{}")
    assert answer == Answer(204, "HTTP 204 No Content")
    assert answer.taken
    [got] = there.got
    assert (got.path, got.body) == ("/in?x=1", b"{}")
    assert got.headers["Host"] == f"{HOST}:{there.port}"
    assert got.headers["X-Note"] == "n"
    assert there.names == [HOST]


def test_a_certificate_of_another_name_or_authority_is_not_trusted(
    ca: Authority, tmp_path: Path
) -> None:
    stranger = authority(tmp_path)
    for context in (ca.server("other.example.com"), stranger.server(HOST)):
        with receiver(tls=context) as there:
            url = f"https://{HOST}:{there.port}/"
            answer = sender(tls=ca.client).post(url, {}, b"{}")
        assert answer.status is None
        assert answer.reason.startswith("TLS failed")
        assert there.got == []


def test_an_address_as_host_needs_a_certificate_for_it(ca: Authority) -> None:
    for name, taken in (("127.0.0.1", True), (HOST, False)):
        with receiver(tls=ca.server(name)) as there:
            url = f"https://127.0.0.1:{there.port}/"
            assert sender(tls=ca.client).post(url, {}, b"").taken is taken


def test_a_name_that_answers_differently_the_second_time_is_asked_once() -> None:
    """The address that was checked is the one that is connected to."""
    asked = []

    def rebinding(_host: str, _port: int) -> Sequence[str]:
        asked.append(1)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    with (
        receiver("127.0.0.1") as allowed,
        receiver("127.0.0.2", port=allowed.port) as inside,
    ):
        url = f"http://{HOST}:{allowed.port}/"
        first = sender(resolve=rebinding).post(url, {}, b"")
        second = sender(resolve=rebinding).post(url, {}, b"")
    assert first.taken
    assert second == Answer(None, "The host name leads to no public address.")
    assert (len(asked), len(allowed.got), len(inside.got)) == (2, 1, 0)


def test_the_systems_resolver_is_asked_nothing_but_the_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = socket.getaddrinfo
    asked: list[str] = []

    def noting(host: str, *rest: object, **more: object) -> object:
        asked.append(host)
        return real(host, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", noting)
    with receiver() as there:
        made = Sender(Guard(LOOPBACK + networks(["::1/128"])), plain_http=True)
        assert made.post(f"http://localhost:{there.port}/", {}, b"").taken
    assert asked.count("localhost") == 1
    assert set(asked) <= {"localhost", "127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "answers",
    [
        ["10.0.0.1"],
        ["8.8.8.8", "127.0.0.2"],
        ["2606:4700::1111", "fe80::1%eth0"],
        ["127.0.0.1", "::ffff:10.0.0.1"],
        ["127.0.0.1", "::1"],
        ["nonsense"],
    ],
)
def test_one_address_that_is_not_public_spoils_the_name(answers: list[str]) -> None:
    with receiver() as there:
        made = sender(resolve=lambda _host, _port: answers)
        answer = made.post(f"http://{HOST}:{there.port}/", {}, b"")
    assert answer == Answer(None, "The host name leads to no public address.")
    assert there.got == []


@pytest.mark.parametrize("host", ["localhost", "localhost.", "LOCALHOST"])
def test_by_default_names_of_this_machine_are_refused(host: str) -> None:
    with receiver() as there:
        answer = Sender(Guard(), plain_http=True).post(
            f"http://{host}:{there.port}/", {}, b""
        )
    assert answer == Answer(None, "The host name leads to no public address.")
    assert there.got == []


def test_a_name_that_leads_nowhere() -> None:
    def unknown(_host: str, _port: int) -> Sequence[str]:
        raise socket.gaierror(socket.EAI_NONAME, "unknown")

    assert sender(resolve=unknown).post(f"http://{HOST}/", {}, b"") == Answer(
        None, "The host name leads nowhere."
    )


def test_the_next_address_is_tried_where_nobody_listens() -> None:
    with receiver("127.0.0.1") as there:
        made = sender(
            allowed=networks(["127.0.0.1", "::1"]),
            resolve=lambda _host, _port: ["::1", "127.0.0.1"],
        )
        assert made.post(f"http://{HOST}:{there.port}/", {}, b"").taken


def test_redirects_are_failures_and_not_followed() -> None:
    with receiver() as there:
        there.location = f"http://127.0.0.1:{there.port}/inside"
        there.answers = [301, 302, 303, 307, 308]
        for status in list(there.answers):
            answer = sender().post(f"http://{HOST}:{there.port}/", {}, b"")
            assert (answer.status, answer.taken) == (status, False)
    assert [got.path for got in there.got] == ["/"] * 5


def test_proxies_of_the_environment_are_not_used(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with receiver() as there, receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert sender().post(f"http://{HOST}:{there.port}/", {}, b"").taken
    assert (len(there.got), len(proxy.got)) == (1, 0)


Talk = Callable[[socket.socket], None]


@contextmanager
def talking(talk: Talk) -> Iterator[int]:
    """A server that says to each caller what it likes; gives its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            caller, _address = listening.accept()
            with caller:
                try:
                    talk(caller)
                except OSError:
                    return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        thread.join(PATIENCE_S)
        assert not thread.is_alive()


def drip(head: bytes, drop: bytes) -> Talk:
    """Goes on until the caller hangs up."""

    def talk(caller: socket.socket) -> None:
        caller.sendall(head)
        while True:
            time.sleep(0.05)
            caller.sendall(drop)

    return talk


def silent(caller: socket.socket) -> None:
    caller.settimeout(PATIENCE_S)
    while caller.recv(65536):
        pass


@pytest.mark.parametrize(
    "talk",
    [
        drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
        drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        silent,
    ],
    ids=["slow head", "endless 100s", "silence"],
)
def test_the_whole_attempt_has_one_deadline(talk: Talk) -> None:
    with talking(talk) as port:
        answer = sender(seconds=0.4).post(f"http://{HOST}:{port}/", {}, b"x")
    assert answer == Answer(None, "No answer within 0.4 seconds.")


def test_a_receiver_that_reads_nothing_holds_nobody_up() -> None:
    given_up = threading.Event()

    def deaf(_caller: socket.socket) -> None:
        assert given_up.wait(PATIENCE_S)

    with talking(deaf) as port:
        answer = sender(seconds=0.4).post(f"http://{HOST}:{port}/", {}, b"x" * 2**24)
        given_up.set()
    assert answer == Answer(None, "No answer within 0.4 seconds.")


def test_a_handshake_that_never_ends_is_cut(ca: Authority) -> None:
    with talking(silent) as port:
        made = sender(seconds=0.4, tls=ca.client)
        answer = made.post(f"https://{HOST}:{port}/", {}, b"")
    assert answer == Answer(None, "No answer within 0.4 seconds.")


def test_a_resolver_that_hangs_is_cut() -> None:
    release = threading.Event()

    def hanging(_host: str, _port: int) -> Sequence[str]:
        release.wait(PATIENCE_S)
        return []

    answer = sender(seconds=0.2, resolve=hanging).post(f"http://{HOST}/", {}, b"")
    release.set()
    assert answer == Answer(None, "No answer within 0.2 seconds.")


def test_the_body_of_an_answer_is_not_read() -> None:
    sent = []

    def endless(caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        for _ in range(2000):
            caller.sendall(b"x" * 65536)
            sent.append(1)

    with talking(endless) as port:
        assert sender().post(f"http://{HOST}:{port}/", {}, b"").taken
    assert len(sent) < 200


@pytest.mark.parametrize(
    "said",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"",
        b"HTTP/1.1 200",
        b"HTTP/1.1 200 OK\r\n" + b"X-Long: " + b"x" * 200_000 + b"\r\n\r\n",
    ],
    ids=["another protocol", "nothing", "half a line", "a huge head"],
)
def test_what_is_no_answer_is_a_failure(said: bytes) -> None:
    def talk(caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(said)

    with talking(talk) as port:
        answer = sender().post(f"http://{HOST}:{port}/", {}, b"")
    assert answer.status is None
    assert not answer.taken


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    answer = sender().post(f"http://{HOST}:{port}/", {}, b"")
    assert answer == Answer(None, "The connection failed.")


def test_the_settings_say_where_it_may_go() -> None:
    named = {"PALESTRA_OUTBOUND_ALLOW_NETWORKS": "127.0.0.1,10.0.0.0/8"}
    open_one = Sender.of(Settings.load({"PALESTRA_ENV": "test", **named}))
    assert open_one.check("http://127.0.0.1/").host == "127.0.0.1"
    assert open_one.check("https://10.9.9.9/").host == "10.9.9.9"
    closed = Settings.load({"PALESTRA_ENV": "test"})
    assert closed.outbound.allow_networks == ()


def test_certificates_are_checked_by_default(ca: Authority) -> None:
    with receiver(tls=ca.server(HOST)) as there:
        answer = sender().post(f"https://{HOST}:{there.port}/", {}, b"")
    assert answer.reason.startswith("TLS failed")
