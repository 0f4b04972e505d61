"""From ``send_mail`` to the mailbox: once, again, or visibly never."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.app import Installation
from core.auth.accounts import update_user
from core.db.services import Services
from core.db.unit import session
from core.db.writes import update_where
from core.errors import Conflict
from core.ids import new_id
from core.jobs.models import JobState, OutboxJob
from core.jobs.runner import Outcome, Runner
from core.notifications.errors import (
    NotResendable,
    RecipientUnknown,
    TemplateDefect,
    TemplateUnknown,
)
from core.notifications.jobs import deliver
from core.notifications.models import Delivery
from core.notifications.office import PostOffice, post_office
from core.notifications.sealing import MAX_VARIABLES_BYTES, Seal
from core.notifications.service import resend, send_mail
from core.notifications.templates import Templates
from core.notifications.transport import FolderTransport, NoTransport, SmtpTransport
from core.testing.kit import TestGym
from tests.core.notifications.conftest import LINK, Post
from tests.core.notifications.mailserver import MailServer, mail_server

REPOSITORY = Path(__file__).parents[3]


def send(post: Post, **changes: Any) -> UUID:
    given = {"template": "auth.verify", "variables": LINK, **changes}
    if "to_address" not in given:
        given.setdefault("to_user_id", post.gym.user("client"))
    with post.gym.unit():
        return send_mail(**given)


def test_a_person_gets_mail_in_their_language(post: Post, server: MailServer) -> None:
    client = post.gym.user("client")
    with post.gym.unit("admin"):
        update_user(client, {"name": "Zoë Ångström", "locale": "de"}, if_match=None)
    sent = send(post)
    assert post.delivery(sent).status == "pending"
    assert server.wire == []
    assert post.run(sent) is Outcome.DONE
    [got] = server.messages
    assert got["Subject"] == "Bestätigen Sie Ihre E-Mail-Adresse für Test Gym"
    assert str(got["To"]) == f"Zoë Ångström <client@{post.gym.slug}.example>"
    assert str(got["From"]) == "Test Gym <mail@gyms.example>"
    assert got["Message-ID"] == f"<{sent}@gyms.example>"
    text = got.get_body(("plain",))
    assert text is not None
    assert text.get_content().startswith("Hallo Zoë Ångström,")
    assert LINK["link"] in text.get_content()
    row = post.delivery(sent)
    assert (row.status, row.attempts, row.last_error) == ("sent", 1, None)
    assert row.user_id == client
    assert row.sent_at is not None


def test_an_address_without_account_in_a_given_language(
    post: Post, server: MailServer
) -> None:
    one = send(post, to_address="new@example.com", locale="de-CH")
    other = send(post, to_address="new@example.com")
    assert [post.run(one), post.run(other)] == [Outcome.DONE, Outcome.DONE]
    assert [got["Content-Language"] for got in server.messages] == ["de", "en"]
    assert post.delivery(one).user_id is None


def test_a_rolled_back_caller_sends_nothing(post: Post) -> None:
    def caller() -> None:
        with post.gym.unit():
            send_mail(template="auth.verify", variables=LINK, to_address="a@b.example")
            raise Conflict

    with pytest.raises(Conflict):
        caller()
    with post.gym.unit():
        assert session().scalars(select(Delivery)).all() == []
        assert session().scalars(select(OutboxJob)).all() == []


def test_secrets_are_sealed_while_they_wait_and_gone_after(
    post: Post, installation: Installation
) -> None:
    sent = send(post)
    row = post.delivery(sent)
    assert row.sealed is not None
    assert b"s3cret" not in row.sealed
    with post.gym.unit():
        assert "s3cret" not in str(post.job(sent).args)
    assert post.run(sent) is Outcome.DONE
    assert post.delivery(sent).sealed is None
    assert installation.settings.auth.encryption_key is None


def test_a_seal_opens_for_its_own_row_and_key_only(post: Post) -> None:
    one, other = send(post), send(post)
    first = post.delivery(one)
    with post.gym.unit():
        values = {"sealed": first.sealed}
        update_where(session(), Delivery, Delivery.id == other, values=values)
    assert post.run(other) is Outcome.DONE
    row = post.delivery(other)
    assert row.status == "failed"
    assert row.last_error is not None
    assert "key has changed" in row.last_error


def test_too_much_and_what_is_no_json_is_not_sealed(
    installation: Installation,
) -> None:
    seal = Seal(installation.vault)
    ids = {"tenant_id": new_id(), "delivery_id": new_id()}
    with pytest.raises(TemplateDefect, match="allowed"):
        seal.close({"a": "x" * MAX_VARIABLES_BYTES}, **ids)
    with pytest.raises(TemplateDefect, match="not JSON"):
        seal.close({"a": object()}, **ids)


def test_a_server_in_trouble_is_asked_again(post: Post, server: MailServer) -> None:
    sent = send(post)
    server.replies.append("451 4.3.0 try later")
    assert post.run(sent) is Outcome.FAILED
    row = post.delivery(sent)
    assert (row.status, row.attempts) == ("pending", 1)
    assert row.last_error == "The mail server: 451 4.3.0 try later"
    assert post.job(sent).run_at > row.created_at
    assert post.run(sent) is Outcome.DONE
    row = post.delivery(sent)
    assert (row.status, row.attempts, row.last_error) == ("sent", 2, None)
    assert len(server.wire) == 1


def test_a_refusal_is_final_at_once(post: Post, server: MailServer) -> None:
    sent = send(post)
    server.recipients.append("550 5.1.1 no such user")
    assert post.run(sent) is Outcome.DONE
    row = post.delivery(sent)
    assert (row.status, row.attempts) == ("failed", 1)
    assert row.last_error == "The mail server: 550 5.1.1 no such user"
    assert post.job(sent).state == JobState.DONE


def test_the_last_attempt_ends_in_failed_and_is_resent(
    post: Post, server: MailServer
) -> None:
    sent = send(post)
    server.replies.extend(["421 busy", "421 busy"])
    assert post.run(sent) is Outcome.FAILED
    assert post.run(sent, attempts=deliver.max_attempts - 1) is Outcome.DONE
    assert post.delivery(sent).status == "failed"
    with post.gym.unit("admin"):
        assert resend(sent).status == "pending"
    assert post.run(sent) is Outcome.DONE
    assert post.delivery(sent).status == "sent"
    assert [got["Message-ID"] for got in server.messages] == [f"<{sent}@gyms.example>"]
    with post.gym.unit("admin"), pytest.raises(NotResendable):
        resend(sent)


def test_the_server_may_be_down_for_a_while(
    post: Post, office: PostOffice, way: SmtpTransport, server: MailServer
) -> None:
    with mail_server() as gone:
        port = gone.port
    use(post, replace(office, transport=replace(way, port=port)))
    sent = send(post)
    assert post.run(sent) is Outcome.FAILED
    row = post.delivery(sent)
    assert row.status == "pending"
    assert "ConnectionRefusedError" in (row.last_error or "")
    with mail_server(port) as back:
        assert post.run(sent) is Outcome.DONE
    assert post.delivery(sent).status == "sent"
    assert (len(back.wire), server.wire) == (1, [])


def use(post: Post, office: PostOffice) -> None:
    post.gym.installation.services.put(PostOffice, office)


def test_killed_after_the_servers_yes_it_goes_out_once_more_at_most(
    post: Post, server: MailServer, installation: Installation
) -> None:
    sent = send(post)
    ref = post.queue(sent)
    database = installation.settings.database
    died = subprocess.run(
        [sys.executable, "-m", "tests.core.notifications.process", *map(str, ref)],
        cwd=REPOSITORY,
        env={
            "PATH": os.defpath,
            "PALESTRA_ENV": "test",
            "PALESTRA_HOME": str(installation.settings.server.home),
            "PALESTRA_MAIL_FROM": "mail@gyms.example",
            "SMTP_URL": server.url,
            "DATABASE_URL": database.url or "",
            "PALESTRA_DATABASE_OPERATOR_URL": database.operator_url or "",
            "PALESTRA_DATABASE_OWNER_URL": database.owner_url or "",
        },
        check=False,
        timeout=300,
    )
    assert died.returncode == -9
    assert len(server.wire) == 1
    assert post.job(sent).state == JobState.RUNNING
    row = post.delivery(sent)
    assert (row.status, row.attempts) == ("pending", 1)
    # Its lease runs out, and the job is queued again.
    assert post.run(sent, lease_token=None, lease_until=None) is Outcome.DONE
    assert post.delivery(sent).status == "sent"
    first, second = server.messages
    assert first["Message-ID"] == second["Message-ID"] == f"<{sent}@gyms.example>"
    # Brought once more by the broker, it finds nothing to do.
    assert post.run(sent) is Outcome.DONE
    assert len(server.wire) == 2


def test_a_job_that_died_leaves_something_to_resend(
    post: Post, server: MailServer
) -> None:
    sent = send(post)
    with post.gym.unit("admin"), pytest.raises(NotResendable):
        resend(sent)
    old = post.queue(sent, state=JobState.DEAD)
    with post.gym.unit("admin"):
        resend(sent)
    # The old job may be retried as well; the delivery is another job's by now.
    with post.gym.unit():
        values = {"state": JobState.QUEUED}
        update_where(session(), OutboxJob, OutboxJob.id == old.job_id, values=values)
    assert Runner(post.runtime).run(old) is Outcome.DONE
    assert server.wire == []
    assert post.run(sent) is Outcome.DONE
    assert len(server.wire) == 1


def test_no_mail_server_is_a_visible_failure(post: Post, office: PostOffice) -> None:
    use(post, replace(office, transport=NoTransport()))
    sent = send(post)
    assert post.run(sent) is Outcome.DONE
    row = post.delivery(sent)
    assert row.status == "failed"
    assert "SMTP_URL" in (row.last_error or "")


def test_in_development_the_link_lies_in_a_file(
    post: Post, office: PostOffice, tmp_path: Path
) -> None:
    use(post, replace(office, transport=FolderTransport(tmp_path)))
    sent = send(post)
    assert post.run(sent) is Outcome.DONE
    assert str(LINK["link"]) in (tmp_path / f"{sent}.txt").read_text()


def test_a_template_that_breaks_or_is_gone_ends_in_failed(
    post: Post, office: PostOffice, tmp_path: Path
) -> None:
    (tmp_path / "templates.toml").write_text("[probe.list]\nitems = ['a']\n")
    for language in ("en", "de"):
        for part in ("subject", "txt", "html"):
            path = tmp_path / f"probe.list.{language}.{part}.j2"
            path.write_text("{% for x in items %}{{ x }}{% endfor %}")
    use(post, replace(office, templates=Templates([tmp_path])))
    broken = send(post, template="probe.list", variables={"items": 4})
    gone = send(post, template="probe.list", variables={"items": ["a"]})
    assert post.run(broken) is Outcome.DONE
    assert "probe.list" in (post.delivery(broken).last_error or "")
    use(post, office)
    assert post.run(gone) is Outcome.DONE
    assert "no longer there" in (post.delivery(gone).last_error or "")
    assert {post.delivery(one).status for one in (broken, gone)} == {"failed"}


def test_what_cannot_be_meant_is_refused(post: Post) -> None:
    with pytest.raises(TemplateUnknown):
        send(post, template="auth.nothing")
    with pytest.raises(TemplateDefect, match="minutes"):
        send(post, variables={"link": "x"})
    with pytest.raises(RecipientUnknown):
        send(post, to_user_id=new_id())
    with pytest.raises(TypeError), post.gym.unit():
        send_mail(template="auth.verify", variables=LINK)


def test_an_installation_without_post_office_says_so(
    gym: TestGym, installation: Installation
) -> None:
    engine = installation.databases.app
    Services().serve(engine)
    try:
        with gym.unit(), pytest.raises(LookupError, match="PostOffice"):
            post_office()
    finally:
        installation.services.serve(engine)
