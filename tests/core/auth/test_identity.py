"""Rights of the moment: what a process caches is valid for one version alone."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from core.app import create_app
from core.auth.accounts import disable_user
from core.auth.repository import auth_sessions, users
from core.auth.sessions import end_sessions
from core.clock import frozen_at, utc_now
from core.db.versions import bump
from core.testing.kit import ApiClient, TestGym


def test_a_known_caller_costs_no_statement(
    gym: TestGym, count_queries: Callable[[], Any]
) -> None:
    api = gym.api("admin")
    api.get("/permissions")
    with count_queries() as count:
        api.get("/permissions")
    assert len(count) == 0, count.statements


def test_a_change_of_rights_reaches_every_process_at_once(gym: TestGym) -> None:
    elsewhere = create_app(installation=gym.installation)
    there = ApiClient(elsewhere, gym.slug, gym.api("team").token)
    there.get("/users")
    with gym.unit() as session:
        users.get(gym.user("team")).role = "client"
        bump(session, gym.user("team"))
    there.fail("GET", "/users", expect=403, code="FORBIDDEN")


def test_no_request_is_accepted_after_the_commit_that_disables(gym: TestGym) -> None:
    """Callers in other processes hammer while the account is shut."""
    user = gym.user("coach")
    token = gym.token_for(user)
    clients = [
        ApiClient(create_app(installation=gym.installation), gym.slug, token)
        for _process in range(2)
    ]
    shut, stop, late = threading.Event(), threading.Event(), list[int]()

    def hammer(client: ApiClient) -> None:
        while not stop.is_set():
            was_shut = shut.is_set()
            status = client.raw("GET", "/me").status_code
            if was_shut and status != 401:
                late.append(status)

    threads = [threading.Thread(target=hammer, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    with gym.unit():
        disable_user(user)
    shut.set()
    for client in clients:
        for _again in range(20):
            assert client.raw("GET", "/me").status_code == 401
    stop.set()
    for thread in threads:
        thread.join()
    assert late == []


def test_a_log_in_begun_later_needs_no_new_version(gym: TestGym) -> None:
    user = gym.user("client")
    first = gym.api_for(user)
    first.get("/me")
    second = gym.api_for(user)
    second.get("/me")
    with gym.unit():
        end_sessions(user)
    for client in (first, second):
        client.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")


def test_a_session_ends_by_itself_though_its_token_is_good(gym: TestGym) -> None:
    api = gym.api("client")
    api.get("/me")
    with frozen_at(utc_now() + timedelta(days=90)):
        identity: Any = gym.app.platform.identity
        late = ApiClient(gym.app, gym.slug)
        with gym.unit():
            live = users.get(gym.user("client"))
        (row,) = _sessions(gym)
        late.token = identity.tokens.issue(
            tenant_id=gym.id, user_id=live.id, session_id=row
        )
        late.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")


def test_a_token_of_somebody_else_s_session_is_refused(gym: TestGym) -> None:
    """Signed by us, but naming a log-in that is not the user's."""
    gym.api("client").get("/me")
    (theirs,) = _sessions(gym)
    identity: Any = gym.app.platform.identity
    mixed = ApiClient(gym.app, gym.slug)
    mixed.token = identity.tokens.issue(
        tenant_id=gym.id, user_id=gym.user("admin"), session_id=theirs
    )
    mixed.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")


def _sessions(gym: TestGym) -> list[Any]:
    with gym.unit():
        rows = auth_sessions.live(gym.user("client"), utc_now() - timedelta(days=91))
        return [row.id for row in rows]
