"""A gym to test in, with a user and a client for every role."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from core.access import Role
from core.app import Installation
from core.auth.passwords import hash_password
from core.context import SYSTEM, Actor, Gym
from core.db.session import TenantSession
from core.http.pipeline import Palestra
from core.ids import new_id
from core.rbac.scope import BUILT_IN_SCOPE
from core.sdk.users import create_user

PASSWORD = "Correct-Horse-7!"  # noqa: S105 — of test users only


class ApiClient:
    """Calls the API of one gym as one user."""

    def __init__(self, app: Palestra, slug: str, token: str | None = None) -> None:
        self._app = app
        self._slug = slug
        self.token = token

    def raw(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> TestResponse:
        """Sends a request to ``/api/v1`` + ``path`` and returns the response."""
        target = path if path.startswith("/.") else f"/api/v1{path}"
        return self.at(
            method, target, json=json, headers=headers, query=query, **options
        )

    def at(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        **options: Any,
    ) -> TestResponse:
        """Sends a request to a whole path, such as ``/health``."""
        sent = {"X-Tenant": self._slug, **(headers or {})}
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        client: FlaskClient = self._app.test_client()
        if json is not None:
            options |= {
                "data": orjson.dumps(json),
                "content_type": "application/json",
            }
        return client.open(
            path, method=method, headers=sent, query_string=query, **options
        )

    def call(self, method: str, path: str, *, expect: int, **options: Any) -> Any:
        """Sends a request and returns the envelope's data."""
        response = self.raw(method, path, **options)
        assert response.status_code == expect, response.get_data(as_text=True)
        return response.get_json()["data"] if response.data else None

    def get(self, path: str, *, expect: int = 200, **options: Any) -> Any:
        """GETs data."""
        return self.call("GET", path, expect=expect, **options)

    def post(
        self, path: str, json: Any = None, *, expect: int = 201, **rest: Any
    ) -> Any:
        """POSTs and returns data."""
        return self.call("POST", path, json=json, expect=expect, **rest)

    def put(
        self, path: str, json: Any = None, *, expect: int = 200, **rest: Any
    ) -> Any:
        """PUTs and returns data."""
        return self.call("PUT", path, json=json, expect=expect, **rest)

    def patch(
        self, path: str, json: Any = None, *, expect: int = 200, **rest: Any
    ) -> Any:
        """PATCHes and returns data."""
        return self.call("PATCH", path, json=json, expect=expect, **rest)

    def delete(self, path: str, *, expect: int = 204, **options: Any) -> Any:
        """DELETEs."""
        return self.call("DELETE", path, expect=expect, **options)

    def fail(
        self, method: str, path: str, *, expect: int, code: str, **options: Any
    ) -> dict[str, Any]:
        """Sends a request that must be refused and returns the error."""
        response = self.raw(method, path, **options)
        body = response.get_json()
        found = (response.status_code, body.get("error", {}).get("code"))
        assert found == (expect, code), body
        error: dict[str, Any] = body["error"]
        return error


class TestGym:
    """A fresh gym, all plugins on, one user of every role.

    Attributes:
        id: The gym's id.
        slug: Its slug.
    """

    __test__ = False

    def __init__(self, app: Palestra, installation: Installation) -> None:
        self.app = app
        self.installation = installation
        self.slug = f"gym-{new_id().hex[-12:]}"
        self.id: UUID = installation.directory.create(
            installation.units("operator"),
            slug=self.slug,
            name="Test Gym",
            timezone="Europe/Berlin",
            locale="en",
            currency="EUR",
            admin_email=self.email(Role.ADMIN),
            admin_name="Ada Admin",
            admin_password_hash=_password_hash(),
            plugins_on=tuple(sorted(installation.plugins.switchable)),
        )
        self._tokens: dict[str, str] = {}

    def email(self, role: str) -> str:
        """The address of the user of ``role``."""
        return f"{role}@{self.slug}.example"

    @cached_property
    def users(self) -> dict[str, UUID]:
        """The users' ids by role."""
        with self.unit() as _session:
            made = {
                role.value: create_user(
                    email=self.email(role),
                    name=f"{role.title()} Person",
                    role=role,
                    password_hash=_password_hash(),
                ).id
                for role in Role
                if role is not Role.ADMIN
            }
        with self.unit():
            from core.sdk.users import find_user_by_email  # noqa: PLC0415

            admin = find_user_by_email(self.email(Role.ADMIN))
            assert admin is not None
        return {**made, Role.ADMIN.value: admin.id}

    def user(self, role: str) -> UUID:
        """The id of the user of ``role``."""
        return self.users[role]

    def api(self, role: str | None = None) -> ApiClient:
        """A client logged in as the user of ``role``; None gives a stranger."""
        if role is None:
            return ApiClient(self.app, self.slug)
        if role not in self._tokens:
            self._tokens[role] = self.token_for(self.user(role))
        return ApiClient(self.app, self.slug, self._tokens[role])

    def api_for(self, user_id: UUID) -> ApiClient:
        """A client logged in as any user of this gym."""
        return ApiClient(self.app, self.slug, self.token_for(user_id))

    def token_for(self, user_id: UUID) -> str:
        """Logs a user in without spending a password hash."""
        from core.auth.testing import issue_token  # noqa: PLC0415

        with self.unit():
            return issue_token(self.app, tenant_id=self.id, user_id=user_id)

    def actor(self, role: str) -> Actor:
        """The user of ``role`` as services see them, with every permission."""
        return Actor(
            kind="user",
            user_id=self.user(role),
            role=role,
            permissions=frozenset(self.installation.permissions),
            scope=BUILT_IN_SCOPE[Role(role)],
        )

    @contextmanager
    def unit(self, role: str | None = None) -> Iterator[TenantSession]:
        """A unit of work in this gym, as the system or as the user of ``role``."""
        actor = self.actor(role) if role else SYSTEM
        with self.installation.in_gym(self.id, actor=actor) as (session, _gym):
            yield session

    def enable(self, plugin_id: str) -> None:
        """Switches a plugin on, as the admin does."""
        self.api(Role.ADMIN).patch(f"/admin/plugins/{plugin_id}", {"enabled": True})

    def disable(self, plugin_id: str) -> None:
        """Switches a plugin off, as the admin does, and with it what requires it."""
        self.api(Role.ADMIN).patch(
            f"/admin/plugins/{plugin_id}", {"enabled": False, "withDependants": True}
        )

    @property
    def gym(self) -> Gym:
        """The gym as the process knows it now."""
        with self.installation.in_gym(self.id) as (_session, gym):
            return gym


_hashes: dict[str, str] = {}


def _password_hash() -> str:
    return _hashes.setdefault(
        PASSWORD, _hashes.get(PASSWORD) or hash_password(PASSWORD)
    )
