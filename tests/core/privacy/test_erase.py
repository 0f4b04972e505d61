"""The end of a person's data: in every table, file and seal, once and for good."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from core.app import Installation
from core.auth.models import AuthSession, User
from core.clock import frozen_at, utc_now
from core.context import hooks
from core.files.models import StoredFile
from core.files.store import FileStore
from core.jobs.models import JobState, OutboxJob
from core.jobs.runner import Outcome
from core.notifications.models import Delivery
from core.notifications.service import send_mail
from core.plugin.settings import KEYS
from core.privacy.holders import Holder, Privacy
from core.privacy.ledger import Erased
from core.testing.kit import PASSWORD, TestGym
from core.testing.server import TestServer
from plugins.members.models import Assignment, Client
from plugins.scheduling.models import TrainingSession
from tests.core.audit.chain import Chain
from tests.core.notifications.conftest import LINK
from tests.core.privacy.conftest import GOAL, NOTES, Desk, add_file, left_of

Ids = dict[str, UUID]
LATER = timedelta(minutes=16)


def audited(gym: TestGym, **query: Any) -> str:
    found = gym.api("admin").raw("GET", "/audits", query={"limit": 100, **query})
    assert found.status_code == 200
    return found.get_data(as_text=True)


def test_nothing_personal_is_left(desk: Desk, life: Ids) -> None:
    gym, client = desk.gym, life["clientId"]
    assert left_of(gym, client) != []
    done = desk.erase()
    assert (done["status"], done["error"]) == ("done", None)
    left = [line for line in left_of(gym, client) if not line.startswith("users.")]
    assert left == []
    with gym.unit() as here:
        user = here.scalars(select(User).where(User.id == client)).one()
        assert (user.email, user.name) == (f"{client}@erased.invalid", "Erased person")
        assert (user.alias, user.phone, user.username) == (None, None, None)
        assert (user.status, user.password_hash) == ("disabled", None)
        assert here.scalar(select(Client).where(Client.id == client)) is None
        session = here.scalars(select(TrainingSession)).one()
        assert (session.client_id, session.notes) == (client, None)
        assert session.status == "canceled"
        assert here.scalar(select(func.count(Assignment.id))) == 0
    fates = {(line.get("table"), line.get("fate")) for line in done["report"]}
    assert {
        ("users", "anonymised"),
        ("members_clients", "deleted"),
        ("scheduling_sessions", "anonymised"),
        ("audit_entries", "kept"),
    } <= fates
    kept = [line for line in done["report"] if line.get("fate") == "kept"]
    assert all(line["reason"] for line in kept)
    notes = {line["note"] for line in done["report"] if "note" in line}
    assert "1 coming sessions were canceled." in notes
    for value in (NOTES, GOAL, "Speedy", gym.email("client")):
        assert value not in str(done)


def test_the_log_is_whole_and_unreadable(
    desk: Desk, life: Ids, postgres: TestServer
) -> None:
    gym, chain = desk.gym, Chain(desk.gym, postgres)
    assert GOAL in audited(gym, entityId=str(life["clientId"]))
    assert chain.seal() > 0
    desk.erase()
    log = "".join(audited(gym, page=page) for page in (1, 2))
    for value in (GOAL, NOTES, "Speedy", gym.email("client"), "Client Person"):
        assert value not in log
    assert "Lifts since 1999." in log
    chain.seal()
    verdict = chain.verify()
    assert verdict.findings == []
    assert verdict.pending == 0


def test_a_coach_leaves_clients_behind(desk: Desk, life: Ids) -> None:
    gym, client = desk.gym, str(life["clientId"])
    done = desk.erase("coach")
    assert "1 running assignments were ended." in {
        line.get("note") for line in done["report"]
    }
    shown = gym.api("admin").get(f"/members/clients/{client}")
    assert shown["assignedCoachId"] is None
    assert shown["goals"] == [GOAL]
    with gym.unit() as here:
        session = here.scalars(select(TrainingSession)).one()
        assert (session.notes, session.status) == (NOTES, "canceled")
        assert here.scalars(select(Assignment)).one().ended_at is not None
    assert left_of(gym, life["coachId"]) == [
        line for line in left_of(gym, life["coachId"]) if line.startswith("users.")
    ]


def test_log_ins_end_and_the_address_is_free(desk: Desk, life: Ids) -> None:
    gym, email = desk.gym, desk.gym.email("client")
    api = gym.api("client")
    assert api.get("/me")["id"] == str(life["clientId"])
    desk.erase()
    api.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    for login in (email, f"{life['clientId']}@erased.invalid"):
        gym.api().fail(
            "POST",
            "/auth/login",
            json={"login": login, "password": PASSWORD},
            expect=401,
            code="AUTH_INVALID_CREDENTIALS",
        )
    again = gym.api("admin").post(
        "/auth/register", {"email": email, "name": "Back Again", "role": "client"}
    )
    assert again["id"] != str(life["clientId"])
    with gym.unit() as here:
        ended = select(func.count(AuthSession.id)).where(
            AuthSession.user_id == life["clientId"]
        )
        assert here.scalar(ended) == 0


def test_the_shell_stays_empty_and_shut(desk: Desk, life: Ids) -> None:
    desk.erase()
    admin, path = desk.gym.api("admin"), f"/users/{life['clientId']}"
    for change in ({"name": "Ghost"}, {"status": "active"}, {"phone": "+4930123456"}):
        admin.fail("PATCH", path, json=change, expect=409, code="USER_ERASED")
    assert admin.get(f"{path}/contacts") == []
    body = {"userId": str(life["clientId"])}
    assert admin.raw("POST", "/members/clients", json=body).status_code == 404
    for on in (False, True):
        more = {} if on else {"withDependants": True}
        admin.patch("/admin/plugins/members", {"enabled": on, **more})
    with desk.gym.unit() as here:
        back = select(Client.id).where(Client.id == life["clientId"])
        assert here.scalar(back) is None


def test_lists_show_no_shells(desk: Desk, life: Ids) -> None:
    desk.erase()
    desk.erase("coach")
    admin = desk.gym.api("admin")
    for path in ("/users", "/members/coaches", "/members/clients"):
        shown = {one["id"] for one in admin.get(path, query={"limit": 100})}
        assert not shown & {str(life["clientId"]), str(life["coachId"])}


def test_files_go_with_their_content(desk: Desk, life: Ids) -> None:
    gym = desk.gym
    _id, key = add_file(gym, life["clientId"])
    _id, other = add_file(gym, life["coachId"])
    store = gym.installation.services.get(FileStore)
    assert store.size(key)
    desk.erase()
    assert desk.run("files.remove") == [Outcome.DONE]
    assert (store.size(key), bool(store.size(other))) == (None, True)
    with gym.unit() as here:
        assert [one.user_id for one in here.scalars(select(StoredFile))] == [
            life["coachId"]
        ]


def test_earlier_archives_go_too(desk: Desk, life: Ids) -> None:
    assert life
    asked = desk.gym.api("client").post("/privacy/export", {}, expect=202)
    desk.run()
    assert desk.tools.archives.size(desk.gym.id, UUID(asked["id"]))
    desk.erase()
    assert desk.tools.archives.size(desk.gym.id, UUID(asked["id"])) is None
    assert desk.request(asked["id"])["status"] == "expired"
    path = f"/privacy/requests/{asked['id']}/download"
    desk.gym.api("admin").fail("GET", path, expect=410, code="PRIVACY_ARCHIVE_GONE")


def test_what_is_off_is_erased_too(desk: Desk, life: Ids) -> None:
    off = {"enabled": False, "withDependants": True}
    desk.gym.api("admin").patch("/admin/plugins/members", off)
    desk.erase()
    with desk.gym.unit() as here:
        assert here.scalar(select(func.count(Client.id))) == 0
        assert here.scalars(select(TrainingSession)).one().notes is None
    assert life


def test_others_are_left_alone(desk: Desk, life: Ids, other_gym: TestGym) -> None:
    theirs = other_gym.user("client")
    before = left_of(other_gym, theirs), left_of(desk.gym, life["coachId"])
    desk.erase()
    assert (left_of(other_gym, theirs), left_of(desk.gym, life["coachId"])) == before
    assert all(before)


def test_twice_is_once(desk: Desk, life: Ids) -> None:
    gym, body = desk.gym, {"userId": str(life["clientId"])}
    first = desk.erase()
    again = gym.api("admin").post("/privacy/erase", body, expect=202)
    assert again["id"] == first["id"]
    assert desk.run() == []
    path = "/privacy/export"
    gym.api("admin").fail(
        "POST", path, json=body, expect=410, code="PRIVACY_PERSON_ERASED"
    )


def test_many_at_once_are_one_request(desk: Desk, life: Ids) -> None:
    api, body = desk.gym.api("admin"), {"userId": str(life["clientId"])}
    with ThreadPoolExecutor(6) as pool:
        asked = list(
            pool.map(lambda _: api.raw("POST", "/privacy/erase", json=body), range(6))
        )
    assert {one.status_code for one in asked} == {202}
    assert len({one.get_json()["data"]["id"] for one in asked}) == 1
    assert desk.run() == [Outcome.DONE]


def test_jobs_that_wait_for_the_person_find_nothing(desk: Desk, life: Ids) -> None:
    gym = desk.gym
    with gym.unit():
        delivery = send_mail(
            template="auth.verify", variables=LINK, to_user_id=life["clientId"]
        )
    desk.erase()
    outcomes = desk.run("notifications.deliver")
    assert outcomes
    assert set(outcomes) == {Outcome.DONE}
    with gym.unit() as here:
        assert here.scalar(select(Delivery.id).where(Delivery.id == delivery)) is None


def each_once(report: list[dict[str, Any]]) -> bool:
    """Whether no part was done twice."""
    done = [
        (one["part"], one.get("table"), one.get("column"), one.get("note"))
        for one in report
    ]
    return len(done) == len(set(done))


class Breaking:
    """Hooks of a plugin that fail as often as told, after they did something."""

    def __init__(self, times: int) -> None:
        self.times = times

    def erase_person(self, **_given: object) -> list[list[str]]:
        if self.times:
            self.times -= 1
            assert hooks()
            raise ConnectionError("The disk is full of member@example.com.")
        return [["All well."]]


@pytest.fixture
def broken(desk: Desk) -> Iterator[Breaking]:
    """A holder between the plugins and core that fails."""
    before, hook = desk.tools, Breaking(1)
    *plugins, core = before.holders
    made = replace(before, holders=[*plugins, Holder("odd", "Odd", hooks=hook), core])
    services = desk.gym.installation.services
    services.put(Privacy, made)
    yield hook
    services.put(Privacy, before)


def test_a_cut_short_erasure_goes_on_where_it_stopped(
    desk: Desk, life: Ids, broken: Breaking
) -> None:
    gym, body = desk.gym, {"userId": str(life["clientId"])}
    asked = gym.api("admin").post("/privacy/erase", body, expect=202)
    assert desk.run() == [Outcome.FAILED]
    half = desk.request(asked["id"])
    assert half["status"] == "pending"
    assert {line["part"] for line in half["report"]} == {"scheduling", "members"}
    gym.api("client").fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    gym.api("admin").fail(
        "POST",
        f"/privacy/requests/{asked['id']}/cancel",
        expect=409,
        code="PRIVACY_REQUEST_BEGUN",
    )
    assert broken.times == 0
    assert desk.run() == [Outcome.DONE]
    whole = desk.request(asked["id"])
    assert whole["status"] == "done"
    assert whole["report"][: len(half["report"])] == half["report"]
    assert each_once(whole["report"])
    assert {"part": "odd", "note": "All well."} in whole["report"]
    assert [one for one in left_of(gym, life["clientId"]) if "users." not in one] == []


@pytest.mark.slow
def test_killed_in_the_middle_it_is_finished_by_another(
    desk: Desk, life: Ids, installation: Installation
) -> None:
    gym, database = desk.gym, installation.settings.database
    body = {"userId": str(life["clientId"])}
    asked = gym.api("admin").post("/privacy/erase", body, expect=202)
    [ref] = desk.queue("privacy.erase")
    died = subprocess.run(
        [sys.executable, "-m", "tests.core.privacy.process", *map(str, ref)],
        cwd=Path(__file__).parents[3],
        env={
            "PATH": os.defpath,
            "PALESTRA_ENV": "test",
            "PALESTRA_HOME": str(installation.settings.server.home),
            "DATABASE_URL": database.url or "",
            "PALESTRA_DATABASE_OPERATOR_URL": database.operator_url or "",
            "PALESTRA_DATABASE_OWNER_URL": database.owner_url or "",
        },
        check=False,
        timeout=300,
    )
    assert died.returncode == -signal.SIGKILL
    half = desk.request(asked["id"])
    assert half["status"] == "pending"
    assert {line["part"] for line in half["report"]} == {"scheduling", "members"}
    assert Erased(gym.id, life["clientId"]) in desk.tools.ledger.read()
    # Its lease runs out, and the job is queued again.
    assert desk.run_again(ref) is Outcome.DONE
    whole = desk.request(asked["id"])
    assert whole["status"] == "done"
    assert whole["report"][: len(half["report"])] == half["report"]
    assert each_once(whole["report"])
    assert [one for one in left_of(gym, life["clientId"]) if "users." not in one] == []


def test_a_failure_for_good_is_shown_and_can_be_mended(
    desk: Desk, life: Ids, broken: Breaking
) -> None:
    admin, body = desk.gym.api("admin"), {"userId": str(life["clientId"])}
    asked = admin.post("/privacy/erase", body, expect=202)
    assert desk.run(max_attempts=1) == [Outcome.DEAD]
    failed = desk.request(asked["id"])
    assert failed["status"] == "failed"
    assert failed["error"] == "ConnectionError; the job was given up."
    assert broken.times == 0
    with desk.gym.unit() as here:
        job = here.scalars(
            select(OutboxJob).where(
                OutboxJob.kind == "privacy.erase", OutboxJob.state == JobState.DEAD
            )
        ).one()
    admin.post(f"/admin/jobs/{job.id}/retry", expect=200)
    assert desk.run() == [Outcome.DONE]
    assert desk.request(asked["id"])["status"] == "done"


def test_the_last_admin_stays(desk: Desk) -> None:
    gym, path = desk.gym, "/privacy/erase"
    gym.api("admin").fail("POST", path, json={}, expect=409, code="USER_LAST_ADMIN")
    assert desk.run() == []
    assert gym.api("admin").get("/me")["role"] == "admin"


def test_whoever_became_the_last_admin_stays(desk: Desk, life: Ids) -> None:
    admin = desk.gym.api("admin")
    team = {"role": "admin"}
    admin.patch(f"/users/{desk.gym.user('team')}", team)
    asked = admin.post("/privacy/erase", {}, expect=202)
    other = desk.gym.api_for(desk.gym.user("team"))
    other.patch(f"/users/{desk.gym.user('team')}", {"name": "Still here"})
    with desk.gym.unit() as here:
        row = here.scalars(select(User).where(User.id == desk.gym.user("team"))).one()
        row.role = "team"
    assert desk.run() == [Outcome.DONE]
    told = desk.request(asked["id"])
    assert told["status"] == "failed"
    assert admin.get("/me")["status"] == "active"
    assert life


def test_oneself_with_the_password_or_a_fresh_log_in(desk: Desk) -> None:
    gym, path = desk.gym, "/privacy/erase"
    api = gym.api("client")
    with frozen_at(utc_now() - LATER), gym.unit() as here:
        row = here.scalars(
            select(AuthSession).where(AuthSession.user_id == gym.user("client"))
        ).one()
        row.created_at = utc_now()
    api.fail("POST", path, json={}, expect=403, code="PRIVACY_PASSWORD_NEEDED")
    own = {"userId": str(gym.user("client"))}
    api.fail("POST", path, json=own, expect=403, code="PRIVACY_PASSWORD_NEEDED")
    wrong = {"password": "Wrong-Horse-7!"}
    api.fail("POST", path, json=wrong, expect=401, code="AUTH_INVALID_CREDENTIALS")
    assert desk.run() == []
    asked = api.post(path, {"password": PASSWORD}, expect=202)
    assert desk.run() == [Outcome.DONE]
    assert desk.request(asked["id"])["status"] == "done"


def test_a_fresh_log_in_needs_no_password(desk: Desk) -> None:
    desk.gym.api("partner").post("/privacy/erase", {}, expect=202)
    assert desk.run() == [Outcome.DONE]


def test_within_the_days_of_grace_it_can_be_taken_back(desk: Desk) -> None:
    gym = desk.gym
    assert "privacy.erase.graceDays" in KEYS
    admin, client = gym.api("admin"), gym.api("client")
    admin.patch("/admin/settings", {"privacy.erase.graceDays": 3})
    first = client.post("/privacy/erase", {}, expect=202)
    assert first["runAt"] > first["createdAt"]
    path = f"/privacy/requests/{first['id']}"
    gym.api("coach").fail(
        "POST", f"{path}/cancel", expect=404, code="PRIVACY_REQUEST_NOT_FOUND"
    )
    taken = client.post(f"{path}/cancel", expect=200)
    assert taken["status"] == "cancelled"
    assert desk.run() == []
    second = client.post("/privacy/erase", {}, expect=202)
    assert second["id"] != first["id"]
    assert client.get("/me")["status"] == "active"


def test_it_is_on_the_list_before_anything_is_gone(
    desk: Desk, life: Ids, broken: Breaking
) -> None:
    assert broken.times == 1
    body = {"userId": str(life["clientId"])}
    desk.gym.api("admin").post("/privacy/erase", body, expect=202)
    assert desk.run() == [Outcome.FAILED]
    assert Erased(desk.gym.id, life["clientId"]) in desk.tools.ledger.read()
