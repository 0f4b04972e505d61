"""Templates in a gym's own words: checked, tried out, used, and taken back."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from core.db.unit import session
from core.db.writes import update_where
from core.jobs.runner import Outcome
from core.notifications.models import TemplateOverride
from core.testing.kit import TestGym
from tests.core.notifications.conftest import Post, tell
from tests.core.notifications.mailserver import MailServer

NAME = "notifications.message"
PATH = f"/notifications/templates/{NAME}/en"
OWN = {
    "subject": "Ahoy: {{ title }}",
    "text": "Ahoy {{ name }}, {{ text }}",
    "html": "<p>Ahoy {{ name }}, {{ text }}</p>",
}


def sent_subject(post: Post, server: MailServer, **changes: Any) -> str:
    [sent] = tell(post, "email", **changes)
    assert post.run(sent) is Outcome.DONE
    return str(server.messages[-1]["Subject"])


def test_a_gym_speaks_its_own_words(
    post: Post, server: MailServer, other_gym: TestGym
) -> None:
    admin = post.gym.api("admin")
    before = admin.get(PATH)
    assert (before["overridden"], before["version"]) == (False, 0)
    assert before["subject"].startswith("{{ title }}")
    [waiting] = tell(post, "email")
    stored = admin.put(PATH, OWN)
    assert (stored["overridden"], stored["version"], stored["sms"]) == (True, 1, None)
    assert admin.get(PATH) == stored
    # What waits is written in them, too.
    assert post.run(waiting) is Outcome.DONE
    assert server.messages[-1]["Subject"] == "Ahoy: Open day"
    body = server.messages[-1].get_body(("html",))
    assert body is not None
    assert "<p>Ahoy Client Person, Bring a friend.</p>" in body.get_content()
    listed = {row["name"]: row for row in admin.get("/notifications/templates")}
    assert listed[NAME]["overridden"] == ["en"]
    assert listed["auth.verify"]["variables"]["minutes"] == 15
    # Another gym has words of its own.
    other = other_gym.api("admin")
    assert other.get(PATH)["overridden"] is False
    other.fail("DELETE", PATH, expect=404, code="NOTIFICATION_OVERRIDE_NOT_FOUND")
    admin.delete(PATH)
    assert sent_subject(post, server).startswith("Open day")
    assert admin.get(PATH) == before


def test_a_language_that_the_template_lacks(post: Post, server: MailServer) -> None:
    admin = post.gym.api("admin")
    french = {**OWN, "subject": "Bonjour : {{ title }}"}
    path = PATH.replace("/en", "/fr")
    admin.fail("GET", path, expect=404, code="NOTIFICATION_TEMPLATE_NOT_FOUND")
    admin.put(path, french)
    post.gym.api("client").patch("/me", {"locale": "fr"})
    assert sent_subject(post, server) == "Bonjour : Open day"
    assert server.messages[-1]["Content-Language"] == "fr"
    # Taken back while a message in it waits, that one fails, and everybody sees it.
    [waiting] = tell(post, "email")
    admin.delete(path)
    assert post.run(waiting) is Outcome.DONE
    assert post.delivery(waiting).status == "failed"


def test_two_at_once_do_not_overwrite_each_other(gym: TestGym) -> None:
    admin = gym.api("admin")
    admin.put(PATH, OWN, headers={"If-Match": '"0"'})
    for stale in ('"0"', '"7"'):
        admin.fail(
            "PUT",
            PATH,
            json=OWN,
            headers={"If-Match": stale},
            expect=412,
            code="PRECONDITION_FAILED",
        )
    assert admin.put(PATH, OWN | {"sms": "x"}, headers={"If-Match": '"1"'})["sms"]


@pytest.mark.parametrize(
    ("part", "source", "reason"),
    [
        ("text", "{% for a in [1] %}{{ a }}", "TemplateSyntaxError"),
        ("text", "{{ secret }}", "undeclared: secret"),
        ("html", "{{ title.__class__ }}", "names begin with a letter"),
        ("html", "{{ 'a' * 100000000 }}", "not part of the template language"),
        ("html", "{% include 'x' %}", "not part of the template language"),
        ("subject", "{{ range(9) }}", "not part of the template language"),
        ("sms", "{{ title | pprint }}", "there is no filter pprint"),
        ("html", "{{ title | button('Go') }}", "ValueError"),
        ("text", "{% for a in title %}{{ a }}{% endfor %}", "TemplateError"),
        ("text", "{% if a %}" * 60 + "{% endif %}" * 60, "deeper nesting"),
    ],
)
def test_faulty_words_are_refused_with_the_reason(
    gym: TestGym, part: str, source: str, reason: str
) -> None:
    admin = gym.api("admin")
    for method, path in (("PUT", PATH), ("POST", f"{PATH}/preview")):
        error = admin.fail(
            method,
            path,
            json={**OWN, part: source},
            expect=422,
            code="NOTIFICATION_TEMPLATE_FAULTY",
        )
        assert reason in error["details"]["reason"]
    assert admin.get(PATH)["overridden"] is False


def test_loops_are_held_to_a_budget(gym: TestGym) -> None:
    rounds = "(1,1,1,1,1,1,1,1,1,1,1,1)"
    bomb = "".join(f"{{% for v{one} in {rounds} %}}" for one in range(8)) + "x"
    bomb += "{% endfor %}" * 8
    error = gym.api("admin").fail(
        "POST",
        f"{PATH}/preview",
        json={**OWN, "text": bomb},
        expect=422,
        code="NOTIFICATION_TEMPLATE_FAULTY",
    )
    assert "loops more than" in error["details"]["reason"]


def test_a_preview_shows_made_up_values(gym: TestGym) -> None:
    admin = gym.api("admin")
    shown = admin.post(f"{PATH}/preview", OWN, expect=200)
    assert shown["subject"] == "Ahoy: Open day on Saturday"
    assert shown["sms"].startswith("Ahoy")
    assert "<!doctype html>" in shown["html"]
    stored = admin.post(f"{PATH}/preview", {}, expect=200)
    assert stored["subject"] == "Open day on Saturday – Test Gym"  # noqa: RUF001
    half = {"subject": "x"}
    admin.fail("POST", f"{PATH}/preview", json=half, expect=422, code="UNPROCESSABLE")


def test_words_that_an_upgrade_broke_are_passed_over(
    post: Post, server: MailServer
) -> None:
    post.gym.api("admin").put(PATH, OWN)
    with post.gym.unit():
        gone = {"subject": "{{ gone }}"}
        update_where(
            session(), TemplateOverride, TemplateOverride.name == NAME, values=gone
        )
    with capture_logs() as logs:
        assert sent_subject(post, server).startswith("Open day")
    assert "template.outdated" in [line["event"] for line in logs]


def test_who_may_and_what_there_is(gym: TestGym) -> None:
    gym.api("team").get("/notifications/templates")
    gym.api("team").fail("PUT", PATH, json=OWN, expect=403, code="FORBIDDEN")
    gym.api("coach").fail("GET", PATH, expect=403, code="FORBIDDEN")
    admin = gym.api("admin")
    for wrong in ("notifications.nothing/en", f"{NAME}/EN", f"{NAME}/x' OR 1"):
        for method in ("GET", "PUT", "DELETE"):
            admin.fail(
                method,
                f"/notifications/templates/{wrong}",
                json=OWN if method == "PUT" else None,
                expect=404,
                code="NOTIFICATION_TEMPLATE_NOT_FOUND",
            )
    entries = admin.get("/audits", query={"entity": "notification_template"})
    assert entries == []
    admin.put(PATH, OWN)
    [entry] = admin.get("/audits", query={"entity": "notification_template"})
    assert entry["action"] == "notification_template.create"
