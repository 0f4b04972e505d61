"""The ways out: a real mail server over TCP and TLS, a folder, none."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from structlog.testing import capture_logs

from core.clock import utc_now
from core.config import Settings
from core.notifications.errors import Deferred, Refused
from core.notifications.message import Envelope, compose
from core.notifications.templates import Rendered
from core.notifications.transport import (
    FolderTransport,
    NoTransport,
    SmtpTransport,
    transport_of,
)
from core.outbound import smtp
from tests.core.notifications.mailserver import MailServer, mail_server

ENVELOPE = Envelope(
    delivery_id=UUID("0196f0f2-8c1e-7cc3-98c4-dc0c0c07398f"),
    sender="Palestra <no-reply@gyms.example>",
    gym_name="Zoë's Gym, Köln\r\nBcc: x@y.example",
    to_address="jörg@müller.example",
    to_name="Jörg “J.” Müller",
    language="de",
    at=datetime(2026, 3, 2, 9, tzinfo=UTC),
)
RENDERED = Rendered("Grüße 💪", "Hallo Jörg\n", "<p>Hallo Jörg</p>")


def mail(**changes: Any) -> EmailMessage:
    given = {"to_address": "member@example.com", **changes}
    return compose(replace(ENVELOPE, **given), RENDERED)


def send(url: str, message: EmailMessage) -> None:
    SmtpTransport.of(url).send(message)


def test_mail_is_multipart_with_every_header() -> None:
    with mail_server() as server:
        send(server.url, mail())
    [got] = server.messages
    assert got["Subject"] == "Grüße 💪"
    sender = got["From"].addresses[0]
    assert sender.display_name == "Zoë's Gym, Köln Bcc: x@y.example"
    assert sender.addr_spec == "no-reply@gyms.example"
    assert got["Bcc"] is None
    to = got["To"].addresses[0]
    assert (to.display_name, to.addr_spec) == ("Jörg “J.” Müller", "member@example.com")
    assert got["Date"].datetime == ENVELOPE.at
    assert got["Message-ID"] == f"<{ENVELOPE.delivery_id}@gyms.example>"
    assert got["Auto-Submitted"] == "auto-generated"
    assert got["Content-Language"] == "de"
    assert got.get_content_type() == "multipart/alternative"
    text, html = got.iter_parts()
    assert text.get_content_type() == "text/plain"
    assert text.get_content().splitlines() == ["Hallo Jörg"]
    assert html.get_content_type() == "text/html"
    assert html.get_content().strip() == "<p>Hallo Jörg</p>"
    assert server.envelopes == [("no-reply@gyms.example", ["member@example.com"])]


def test_foreign_letters_in_an_address() -> None:
    with mail_server(enable_SMTPUTF8=True) as server:
        send(server.url, mail(to_address="jörg@müller.example"))
    assert server.envelopes[0][1] == ["jörg@xn--mller-kva.example"]
    with mail_server(enable_SMTPUTF8=False) as plain:
        send(plain.url, mail(to_address="joerg@müller.example"))
        with pytest.raises(Refused, match="SMTPNotSupportedError"):
            send(plain.url, mail(to_address="jörg@müller.example"))
    assert plain.envelopes[0][1] == ["joerg@xn--mller-kva.example"]


def test_the_sender_may_be_at_a_bare_host() -> None:
    sender = mail(sender="no-reply@localhost")["From"].addresses[0]
    assert sender.addr_spec == "no-reply@localhost"


@pytest.mark.parametrize("address", ["", "nobody", "a@b@c", "a b@c.example", "a@\r\nb"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(Refused, match="address is not valid"):
        mail(to_address=address)


@pytest.mark.parametrize("stage", ["replies", "recipients"])
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("550 5.1.1 <member@example.com> is unknown", Refused),
        ("451 4.3.0 member@example.com try later", Deferred),
    ],
)
def test_the_first_digit_decides(
    stage: str, reply: str, error: type[Exception]
) -> None:
    with mail_server() as server:
        getattr(server, stage).append(reply)
        with pytest.raises(error, match=reply[:3]) as caught:
            send(server.url, mail())
    assert "[address]" in str(caught.value)
    assert "member@" not in str(caught.value)
    assert server.wire == []


def test_a_server_that_is_away_may_come_back() -> None:
    with mail_server() as server:
        pass
    with pytest.raises(Deferred, match="ConnectionRefusedError"):
        send(server.url, mail())


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's context, and a client's that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = utc_now()
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "server.pem"
    pem = made.public_bytes(serialization.Encoding.PEM)
    path.write_bytes(
        pem
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(path)
    return server, ssl.create_default_context(cadata=pem.decode())


def check(*arguments: Any) -> AuthResult:
    given = arguments[-1]
    assert isinstance(given, LoginPassword)
    good = given == LoginPassword(b"gym@x", b"p:ss/word")
    return AuthResult(success=good, handled=False)


def test_starttls_and_log_in(tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path)
    options: dict[str, Any] = {
        "tls_context": serving,
        "authenticator": check,
        "auth_required": True,
    }
    with mail_server(**options) as server:
        url = f"smtp://gym%40x:p%3Ass%2Fword@127.0.0.1:{server.port}"
        way = replace(SmtpTransport.of(url), context=lambda: trusting)
        way.send(mail())
        with pytest.raises(Deferred, match="535"):
            replace(way, password="wrong").send(mail())
        with pytest.raises(Deferred, match="UnicodeEncodeError"):
            replace(way, password="wörd").send(mail())
        with pytest.raises(Deferred, match="SSLCertVerificationError"):
            send(url, mail())
    assert server.secured == [True]


def test_a_password_is_sent_in_clear_to_this_machine_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with mail_server(authenticator=check, auth_require_tls=False) as server:
        near = SmtpTransport.of(f"smtp://gym%40x:p%3Ass%2Fword@{server.url[7:]}")
        near.send(mail())
        monkeypatch.setattr(smtp, "_LOOPBACK", frozenset())
        with pytest.raises(Deferred, match="offers no TLS"):
            near.send(mail())
    assert server.secured == [False]


def test_tls_from_the_first_byte(tmp_path: Path) -> None:
    serving, trusting = certificate(tmp_path)
    with mail_server(ssl_context=serving) as server:
        way = SmtpTransport.of(f"smtps://127.0.0.1:{server.port}")
        replace(way, context=lambda: trusting).send(mail())
        with pytest.raises(Deferred, match="SSLCertVerificationError"):
            way.send(mail())
    assert len(server.wire) == 1


def test_urls() -> None:
    assert SmtpTransport.of("smtp://mail.example").port == 587
    assert SmtpTransport.of("smtps://mail.example").port == 465
    way = SmtpTransport.of("smtps://u:p%40@mail.example:2465")
    assert (way.username, way.password, way.port, way.tls) == ("u", "p@", 2465, True)


def test_the_folder_holds_each_message_once(tmp_path: Path) -> None:
    way = FolderTransport(tmp_path / "outbox")
    way.send(mail())
    way.send(mail())
    file, text = sorted((tmp_path / "outbox").iterdir())
    assert file.name == f"{ENVELOPE.delivery_id}.eml"
    assert file.stat().st_mode & 0o077 == 0
    assert text.name == f"{ENVELOPE.delivery_id}.txt"
    assert text.read_text() == "Hallo Jörg\n"
    got = message_from_bytes(file.read_bytes(), policy=policy.default)
    assert got["To"].addresses[0].addr_spec == "member@example.com"
    (tmp_path / "file").touch()
    with pytest.raises(Deferred, match="outbox folder"):
        FolderTransport(tmp_path / "file" / "outbox").send(mail())


def test_without_any_it_says_so_once() -> None:
    way = NoTransport()
    with capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(Refused, match="SMTP_URL"):
                way.send(mail())
    assert [line["event"] for line in logs] == ["mail.no_server"]


def test_the_settings_choose(tmp_path: Path) -> None:
    def chosen(**environ: str) -> object:
        return transport_of(Settings.load({"PALESTRA_HOME": str(tmp_path), **environ}))

    assert chosen() == FolderTransport(tmp_path / "outbox")
    assert isinstance(chosen(PALESTRA_ENV="test"), NoTransport)
    assert chosen(SMTP_URL="smtp://mx.example") == SmtpTransport.of("smtp://mx.example")
    assert isinstance(chosen(SMTP_URL="smtps://mx.example"), SmtpTransport)


def test_the_server_is_told_apart_from_its_goodbye(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection that breaks after the message was taken changes nothing."""

    left: list[bytes] = []

    async def hang_up(self: MailServer, server: Any, *_rest: Any) -> str:
        left.extend(self.wire)
        server.transport.abort()
        return "221 Bye"

    monkeypatch.setattr(MailServer, "handle_QUIT", hang_up, raising=False)
    with mail_server() as server:
        send(server.url, mail())
    assert left == server.wire
    assert len(left) == 1
