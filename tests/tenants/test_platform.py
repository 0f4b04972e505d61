"""The operator's API: gyms, quarantine, usage and the log."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from core.app import Installation
from core.audit.models import AuditEntry
from core.clock import utc_now
from core.http.pipeline import Palestra
from core.ids import new_id
from core.jobs.models import JobState, OutboxJob
from core.testing.kit import ApiClient, TestGym
from tenants.models import Operator
from tests.tenants.operating import PASSWORD, OperatorApi, desk_of, new_operator


@pytest.fixture
def operator(installation: Installation) -> Operator:
    return new_operator(installation)


@pytest.fixture
def api(app: Palestra, operator: Operator) -> OperatorApi:
    return OperatorApi(app, desk_of(app).issue(operator))


def wanted(**changed: Any) -> dict[str, Any]:
    slug = changed.pop("slug", f"p-{new_id().hex[-16:]}")
    return {
        "slug": slug,
        "name": "Iron Temple",
        "timezone": "America/New_York",
        "currency": "USD",
        "admin": {
            "email": f"olivia@{slug}.example",
            "name": "Olivia Grant",
            "password": PASSWORD,
        },
        **changed,
    }


def at(gym: TestGym) -> str:
    return f"/gyms/{gym.id}"


def test_a_gym_is_created_with_its_first_admin(app: Palestra, api: OperatorApi) -> None:
    body = wanted(limits={"members": 5, "staff": None})
    made = api.call("POST", "/gyms", expect=201, json=body)
    assert made["limits"]["members"] == 5
    assert made["limits"]["staff"] is None
    assert api.call("GET", f"/gyms/{made['id']}") == made
    login = {"login": body["admin"]["email"], "password": PASSWORD}
    ApiClient(app, made["slug"]).post("/auth/login", login, expect=200)


def test_creating_again_changes_nothing(api: OperatorApi) -> None:
    body = wanted()
    key = {"Idempotency-Key": new_id().hex}
    first = api.raw("POST", "/gyms", json=body, headers=key)
    assert first.status_code == 201, first.text
    again = api.raw("POST", "/gyms", json=body, headers=key)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert again.get_json()["data"] == first.get_json()["data"]
    assert (
        api.call("POST", "/gyms", expect=201, json=body)["id"]
        == (first.get_json()["data"]["id"])
    )
    other = {**body, "name": "Another"}
    api.fail("POST", "/gyms", 422, "IDEMPOTENCY_KEY_REUSED", json=other, headers=key)
    body["admin"]["email"] = "somebody@else.example"
    api.fail("POST", "/gyms", 409, "TENANT_EXISTS", json=body)


def test_creating_at_once_makes_one_gym(api: OperatorApi) -> None:
    body = wanted()
    with ThreadPoolExecutor(10) as pool:
        answers = list(
            pool.map(lambda _n: api.raw("POST", "/gyms", json=body), range(10))
        )
    assert {a.status_code for a in answers} == {201}, [a.text for a in answers]
    assert len({a.get_json()["data"]["id"] for a in answers}) == 1


def test_gyms_are_listed_by_what_is_asked(api: OperatorApi) -> None:
    mark = new_id().hex[-10:]
    slugs = [f"l{mark}-{letter}" for letter in "cab"]
    for slug in slugs:
        api.call("POST", "/gyms", expect=201, json=wanted(slug=slug))
    found = api.call("GET", "/gyms", query={"q": mark, "sort": "slug:desc"})
    assert [gym["slug"] for gym in found] == sorted(slugs, reverse=True)
    page = api.raw("GET", "/gyms", query={"q": mark, "limit": 2, "page": 2}).get_json()
    assert [gym["slug"] for gym in page["data"]] == [max(slugs)]
    assert page["meta"]["pagination"]["total"] == 3
    api.call("POST", f"/gyms/{found[0]['id']}/suspend")
    suspended = api.call("GET", "/gyms", query={"q": mark, "status": "suspended"})
    assert [gym["id"] for gym in suspended] == [found[0]["id"]]
    api.fail("GET", "/gyms", 400, "VALIDATION_ERROR", query={"status": "open"})


def test_changes_hold_from_the_next_request(gym: TestGym, api: OperatorApi) -> None:
    domain = f"{gym.slug}.example.org"
    changed = api.call(
        "PATCH",
        at(gym),
        json={
            "name": " Steel Temple ",
            "timezone": "Asia/Tokyo",
            "domains": [domain.upper()],
            "limits": {"members": 7},
            "branding": {"primaryColor": "#0b5fff"},
            "corsOrigins": ["https://app.example.org"],
        },
    )
    assert changed["name"] == "Steel Temple"
    assert changed["domains"] == [domain]
    seen = gym.api("admin").get("/admin/gym")
    assert (seen["name"], seen["timezone"]) == ("Steel Temple", "Asia/Tokyo")
    assert seen["limits"]["members"] == 7
    assert seen["branding"]["primaryColor"] == "#0b5fff"
    api.call("PATCH", at(gym), json={"limits": {"staff": 3}, "domains": []})
    seen = gym.api("admin").get("/admin/gym")
    assert (seen["limits"]["members"], seen["limits"]["staff"]) == (7, 3)
    assert seen["domains"] == []
    api.call("PATCH", at(gym), json={"limits": {"members": None}})
    assert gym.api("admin").get("/admin/gym")["limits"]["members"] is None


def test_changes_that_cannot_be(
    gym: TestGym, other_gym: TestGym, api: OperatorApi
) -> None:
    domain = f"{gym.slug}.example.net"
    api.call("PATCH", at(gym), json={"domains": [domain]})
    taken = {"domains": [domain]}
    api.fail("PATCH", at(other_gym), 409, "TENANT_DOMAIN_TAKEN", json=taken)
    zone = {"timezone": "Mars/Olympus"}
    api.fail("PATCH", at(gym), 422, "TENANT_INVALID", json=zone)
    for body in ({"slug": "other"}, {"limits": {"members": 0}}, {"status": "closed"}):
        api.fail("PATCH", at(gym), 400, "VALIDATION_ERROR", json=body)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("GET", "/usage"),
        ("POST", "/suspend"),
        ("POST", "/resume"),
        ("POST", "/close"),
    ],
)
def test_unknown_gyms(api: OperatorApi, method: str, path: str) -> None:
    body: dict[str, Any] = {"json": {}} if method == "PATCH" else {}
    api.fail(method, f"/gyms/{new_id()}{path}", 404, "TENANT_UNKNOWN", **body)


def test_a_suspended_gym_is_served_nowhere(gym: TestGym, api: OperatorApi) -> None:
    admin, stranger = gym.api("admin"), gym.api()
    admin.get("/me")
    assert api.call("POST", f"{at(gym)}/suspend")["status"] == "suspended"
    api.call("POST", f"{at(gym)}/suspend")
    for who, method, path in (
        (admin, "GET", "/me"),
        (stranger, "GET", "/openapi.json"),
        (stranger, "GET", "/docs"),
        (admin, "GET", "/nowhere"),
        (stranger, "POST", "/auth/refresh"),
    ):
        who.fail(method, path, expect=403, code="TENANT_SUSPENDED")
    login = {"login": gym.email("admin"), "password": PASSWORD}
    stranger.fail(
        "POST", "/auth/login", json=login, expect=403, code="TENANT_SUSPENDED"
    )
    assert api.call("POST", f"{at(gym)}/resume")["status"] == "active"
    admin.get("/me")


def test_jobs_that_waited_are_due_when_the_gym_resumes(
    gym: TestGym, api: OperatorApi
) -> None:
    with gym.unit() as session:
        session.add(
            OutboxJob(
                kind="auth.answer",
                state=JobState.PENDING,
                last_error="PARKED: gym is not active",
            )
        )
    with gym.unit() as session:
        before = session.scalars(select(OutboxJob)).one().run_at
    api.call("POST", f"{at(gym)}/suspend")
    api.call("POST", f"{at(gym)}/resume")
    with gym.unit() as session:
        assert session.scalars(select(OutboxJob)).one().run_at > before


def test_a_closed_gym_stays_closed(gym: TestGym, api: OperatorApi) -> None:
    assert api.call("POST", f"{at(gym)}/close")["status"] == "closed"
    gym.api().fail("GET", "/openapi.json", expect=403, code="TENANT_SUSPENDED")
    for verb in ("resume", "suspend"):
        api.fail("POST", f"{at(gym)}/{verb}", 409, "TENANT_CLOSED")
    api.fail("PATCH", at(gym), 409, "TENANT_CLOSED", json={"name": "Again"})


def test_what_an_operator_does_is_written_down(
    gym: TestGym, api: OperatorApi, operator: Operator
) -> None:
    api.call("POST", f"{at(gym)}/suspend")
    api.call("POST", f"{at(gym)}/resume")
    entries = api.call("GET", "/log", query={"gymId": str(gym.id)})
    mine = [e["action"] for e in entries if e["operatorId"] == str(operator.id)]
    assert mine == ["gym.resumed", "gym.suspended"]
    assert all(entry["gymSlug"] == gym.slug for entry in entries)
    with gym.unit() as session:
        told = session.execute(
            select(AuditEntry.actor_kind, AuditEntry.user_id).where(
                AuditEntry.action == "gym.suspended"
            )
        ).one()
    assert tuple(told) == ("operator", operator.id)


def test_quarantine_holds_in_every_gym_and_process_at_once(
    gym: TestGym, other_gym: TestGym, api: OperatorApi, installation: Installation
) -> None:
    with Installation(installation.settings) as elsewhere:
        path = "/scheduling/sessions"
        for one in (gym, other_gym):
            one.api("admin").get(path)
        with elsewhere.in_gym(gym.id) as (_session, seen):
            assert "scheduling" in seen.plugins
        put = {"quarantined": True, "reason": "Books twice."}
        try:
            changed = api.call("PATCH", "/plugins/scheduling", json=put)
            assert (changed["quarantined"], changed["reason"]) == (True, "Books twice.")
            for one in (gym, other_gym):
                one.api("admin").fail("GET", path, expect=404, code="PLUGIN_DISABLED")
            with elsewhere.in_gym(gym.id) as (_session, seen):
                assert "scheduling" not in seen.plugins
            shown = gym.api("admin").get("/admin/plugins/scheduling")
            assert (shown["enabled"], shown["state"]) == (False, "waiting")
            gym.api("admin").patch("/admin/plugins/scheduling", {"enabled": True})
            gym.api("admin").fail("GET", path, expect=404, code="PLUGIN_DISABLED")
        finally:
            api.call("PATCH", "/plugins/scheduling", json={"quarantined": False})
        for one in (gym, other_gym):
            one.api("admin").get(path)
        with elsewhere.in_gym(gym.id) as (_session, seen):
            assert "scheduling" in seen.plugins


def test_jobs_that_waited_are_due_when_a_plugin_is_released(
    gym: TestGym, other_gym: TestGym, api: OperatorApi
) -> None:
    later = utc_now() + timedelta(minutes=9)
    kinds = {
        "scheduling.confirm": "PARKED: plugin is off",
        "members.greet": "PARKED: plugin is off",
        "scheduling.report": "another failure",
    }
    for one in (gym, other_gym):
        with one.unit() as session:
            for kind, reason in kinds.items():
                session.add(OutboxJob(kind=kind, last_error=reason, run_at=later))
    put = {"quarantined": True, "reason": "Books twice."}
    api.call("PATCH", "/plugins/scheduling", json=put)
    api.call("PATCH", "/plugins/scheduling", json={"quarantined": False})
    for one in (gym, other_gym):
        with one.unit() as session:
            due = session.scalars(select(OutboxJob).where(OutboxJob.run_at < later))
            assert [job.kind for job in due] == ["scheduling.confirm"]


@pytest.mark.parametrize("plugin_id", ["nosuch", "tenants"])
def test_what_cannot_be_quarantined(api: OperatorApi, plugin_id: str) -> None:
    body = {"quarantined": True}
    api.fail("PATCH", f"/plugins/{plugin_id}", 404, "NOT_FOUND", json=body)


def test_usage_is_what_was_used(gym: TestGym, api: OperatorApi) -> None:
    before = api.call("GET", f"{at(gym)}/usage")
    for _ in range(7):
        gym.api("admin").get("/me")
    gym.api("admin").fail("GET", "/nowhere", expect=404, code="NOT_FOUND")
    with gym.unit() as session:
        session.add(OutboxJob(kind="auth.answer", state=JobState.DONE))
        session.flush()
        job = session.scalars(select(OutboxJob)).one()
        job.finished_at = job.created_at
    after = api.call("GET", f"{at(gym)}/usage")
    assert after["requests"] - before["requests"] == 8
    assert after["jobsDone"] == 1
    assert api.call("GET", f"{at(gym)}/usage")["jobsDone"] == 1
    figures = after["figures"]
    assert (figures["members"], figures["staff"]) == (1, 3)
    assert figures["sessions"] == 0
    listed = api.call("GET", "/usage", query={"limit": 100, "sort": "createdAt:desc"})
    assert after in listed


def test_counted_requests_survive_a_database_that_is_away(
    gym: TestGym, installation: Installation, api: OperatorApi
) -> None:
    class Away:
        def open(self, _tenant_id: UUID | None) -> Any:
            raise ConnectionError

    before = api.call("GET", f"{at(gym)}/usage")["requests"]
    gym.api("admin").get("/me")
    away: Any = Away()
    with pytest.raises(ConnectionError):
        installation.directory.flush_requests(away)
    assert api.call("GET", f"{at(gym)}/usage")["requests"] == before + 1


def test_a_purge_is_confirmed_and_refused_while_a_gym_has_the_plugin_on(
    gym: TestGym, api: OperatorApi
) -> None:
    path = "/plugins/scheduling/purge"
    wrong = {"confirm": "passes"}
    api.fail("POST", path, 422, "UNPROCESSABLE", json=wrong)
    api.fail("POST", path, 409, "PLUGIN_IN_USE", json={"confirm": "scheduling"})
    nowhere = {"confirm": "nowhere"}
    api.fail("POST", "/plugins/nowhere/purge", 404, "NOT_FOUND", json=nowhere)
    assert gym.api("admin").get("/scheduling/sessions") == []
