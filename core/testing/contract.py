"""What every plugin must keep to, as tests that a plugin's own tests inherit.

    from core.testing.contract import PluginContract


    class TestPottery(PluginContract):
        plugin_id = "pottery"

        def populate(self, gym):
            kiln = gym.api("admin").post("/pottery/kilns", {"name": "Big one"})
            return {"kilnId": kiln["id"]}

The tests are made from the routes that the plugin registers and from what it declares
of them, so a new route is held to the contract without another line.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from werkzeug.test import TestResponse

from core.access import Role
from core.app import Installation
from core.http.blueprint import API
from core.http.pipeline import Palestra
from core.ids import new_id
from core.plugin.manifest import Manifest
from core.testing import declared, personal
from core.testing.kit import ApiClient, TestGym
from core.testing.routes import METHODS, Route, routes_of
from core.testing.samples import Sample, Samples
from core.testing.scratch import scratch_database
from core.testing.server import TestServer

Answer = tuple[int, Any]


class PluginContract:
    """Inherit it in a test class, name the plugin, and give it rows to look for.

    Attributes:
        plugin_id: The plugin's id. It and what it requires must be installed.
    """

    plugin_id: ClassVar[str]

    def populate(self, gym: TestGym) -> Mapping[str, object]:
        """Makes at least one row of the plugin in ``gym``.

        Where the plugin has ``PERSONAL`` columns, some of them are filled for the test
        people, so that their erasure can be seen.

        Args:
            gym: A fresh gym in which every plugin is on.

        Returns:
            Ids of rows by their names on the wire, as they stand in paths and bodies
            (``clientId``). Other gyms must not be able to tell that they exist.
        """
        del gym
        return {}

    @pytest.fixture(autouse=True)
    def _installed(self, app: Palestra, installation: Installation) -> None:
        manifest = installation.plugins.manifest(self.plugin_id)
        assert manifest is not None, f"{self.plugin_id} is not installed."
        self.app, self.installation = app, installation
        self.manifest: Manifest = manifest
        self.routes = [
            route
            for route in routes_of(app)
            if route.operation is not None and route.operation.owner == self.plugin_id
        ]
        assert self.routes, f"{self.plugin_id} registers no route."

    # --- switched off ---------------------------------------------------------------

    def test_off_is_404_for_every_method_and_form_of_path(
        self, gym: TestGym, other_gym: TestGym
    ) -> None:
        """A feature that is off cannot be told from one that was never there."""
        self._switch(gym, on=False)
        api = gym.api("admin")
        leaks: list[Any] = []
        for path in [*self._switched_paths(), f"/{self.plugin_id}"]:
            for form in forms_of(path):
                for method in METHODS:
                    answer = send(api, method, form)
                    if not _is_disabled(method, answer):
                        leaks.append((method, form, _answer(answer)))
            if not _is_disabled("GET", send(gym.api(), "GET", path)):
                leaks.append(("GET as a stranger", path, None))
        assert leaks == []
        assert [
            str(route)
            for route in self.routes
            if _is_disabled(
                route.method, send(other_gym.api("admin"), route.method, route.path())
            )
        ] == []

    def test_off_is_out_of_the_documents_and_the_permissions(
        self, gym: TestGym, other_gym: TestGym
    ) -> None:
        """Neither the reference nor any list of rights shows what is off."""
        self._switch(gym, on=False)
        here, there = self._seen_by(gym), self._seen_by(other_gym)
        assert here == (set(), set(), set())
        assert there[0] == {
            str(route)
            for route in self.routes
            if route.operation is not None and route.operation.documented
        }
        declared_names = {permission.name for permission in self.manifest.permissions}
        assert there[1] == declared_names
        assert there[2] == {
            permission.name
            for permission in self.manifest.permissions
            if Role.ADMIN in permission.roles
        }

    def test_what_was_there_is_there_again(self, gym: TestGym) -> None:
        """Switching off keeps every row."""
        known = self.populate(gym)
        models = declared.tenant_models(self.manifest)
        before = declared.count_rows(gym, models)
        if models:
            assert sum(before.values()), "populate() made no row."
        shown = self._shown(gym, known)
        self._switch(gym, on=False)
        assert declared.count_rows(gym, models) == before
        self._switch(gym, on=True)
        assert declared.count_rows(gym, models) == before
        assert self._shown(gym, known) == shown

    # --- who may call ---------------------------------------------------------------

    def test_strangers_are_401(self, gym: TestGym) -> None:
        """Nobody gets past a route that is not public without a token."""
        assert self._exceptions(gym.api(), (401, "AUTH_REQUIRED")) == []

    def test_another_gyms_token_is_403(self, gym: TestGym, other_gym: TestGym) -> None:
        """A token is good in its own gym only."""
        stranger = ApiClient(self.app, gym.slug, other_gym.api("admin").token)
        assert self._exceptions(stranger, (403, "TENANT_MISMATCH")) == []

    @pytest.mark.parametrize("role", list(Role))
    def test_roles_are_held_to_their_permissions(
        self, gym: TestGym, role: Role
    ) -> None:
        """A role without a route's permission gets 403, and only such a role."""
        wrong = []
        for route in self.routes:
            wanted = route.operation.permission if route.operation else None
            answer = send(gym.api(role), route.method, route.path())
            refused = _lacks(answer) == (wanted.name if wanted else None)
            if wanted is not None and refused == (role in wanted.roles):
                wrong.append((str(route), wanted.name, _answer(answer)))
        assert wrong == []

    # --- other gyms' rows -----------------------------------------------------------

    def test_another_gyms_ids_answer_as_unknown_ones(
        self, gym: TestGym, other_gym: TestGym
    ) -> None:
        """In path, query and body alike, and 404 wherever the path names the row."""
        theirs = self.populate(other_gym)
        samples = Samples(self._document(gym), self.populate(gym))
        told: list[Any] = []
        for route in self.routes:
            sample = samples.of(route)
            for place in samples.places(route, sample):
                unknown = self._try(gym, sample, place, new_id())
                if place[0] != "query" and unknown[0] < 400:  # noqa: PLR2004
                    told.append((str(route), place, "an unknown id", unknown))
                if place[0] == "path" and unknown[0] != 404:  # noqa: PLR2004
                    told.append((str(route), place, "an unknown id", unknown))
                for name, foreign in theirs.items():
                    answer = self._try(gym, sample, place, foreign)
                    if answer != unknown:
                        told.append((str(route), place, name, answer, unknown))
        assert told == []

    # --- what it declares -----------------------------------------------------------

    def test_routes_and_permissions_carry_its_id(self) -> None:
        """Two plugins can never claim the same path or the same right."""
        own = f"{API}/{self.plugin_id}"
        assert [
            route.rule
            for route in self.routes
            if route.rule != own and not route.rule.startswith(f"{own}/")
        ] == []
        assert declared.misnamed_permissions(self.manifest, self.routes) == []

    def test_tables_carry_its_id_and_the_gym(self) -> None:
        """Each table is a gym's, key by key, or a vocabulary without data of gyms."""
        assert declared.faulty_tables(self.manifest, self.installation) == []

    def test_tables_say_what_becomes_of_people(self) -> None:
        """Each table that names a person declares it (``core.db.personal``)."""
        models = declared.tenant_models(self.manifest)
        assert personal.undeclared(models) == []
        if any(personal.rules(model) for model in models):
            assert self.manifest.stores_personal_data

    def test_nothing_personal_is_left_of_the_erased(
        self, gym: TestGym, other_gym: TestGym
    ) -> None:
        """Erasing every test person takes each of their values from its tables."""
        models = declared.tenant_models(self.manifest)
        self.populate(gym)
        self.populate(other_gym)
        kept = personal.values_of_people(other_gym, models)
        found = personal.values_of_people(gym, models)
        if any(map(personal.has_values, models)):
            assert found, "populate() made no PERSONAL value."
        personal.erase_everybody(gym)
        assert personal.left_over(gym, models, found) == []
        assert personal.values_of_people(other_gym, models) == kept

    def test_hooks_are_hooks(self) -> None:
        """Whatever it implements is specified, with the arguments it takes."""
        assert declared.unknown_hooks(self.plugin_id) == []

    def test_migrations_go_down_and_up_again(
        self, postgres: TestServer, template: str
    ) -> None:
        """Its stream can be undone and redone, others stay, models = migrations."""
        if self.manifest.models is None:
            return
        dependants = self.installation.plugins.dependants(self.plugin_id)
        with scratch_database(
            postgres, template, self.installation, self.plugin_id
        ) as scratch:
            before = scratch.tables(self.plugin_id)
            with_tables = {stream.id for stream in scratch.migrations.streams}
            undone = [one for one in reversed(dependants) if one in with_tables]
            for stream_id in [*undone, self.plugin_id]:
                assert scratch.take_down(stream_id)
            left = scratch.tables(self.plugin_id)
            assert left <= {f"alembic_version_{self.plugin_id}"}
            assert scratch.behind() == {*undone, self.plugin_id}
            scratch.migrations.upgrade()
            assert scratch.behind() == set()
            assert scratch.tables(self.plugin_id) == before
            assert [
                one
                for one in scratch.migrations.differences()
                if one.startswith(f"{self.plugin_id}: ")
            ] == []

    # --- helpers --------------------------------------------------------------------

    def _switch(self, gym: TestGym, *, on: bool) -> None:
        """Switches the plugin, and with it the plugins that build on it."""
        api = gym.api("admin")
        if not on:
            api.patch(
                f"/admin/plugins/{self.plugin_id}",
                {"enabled": False, "withDependants": True},
            )
            return
        for one in [
            self.plugin_id,
            *self.installation.plugins.dependants(self.plugin_id),
        ]:
            api.patch(f"/admin/plugins/{one}", {"enabled": True})

    def _switched_paths(self) -> list[str]:
        """The paths that go off with the plugin."""
        return sorted(
            {
                route.path().removeprefix(API)
                for route in self.routes
                if route.operation is not None and not route.operation.always_on
            }
        )

    def _guarded(self) -> Iterator[Route]:
        for route in self.routes:
            if route.operation is not None and not route.operation.public:
                yield route

    def _exceptions(self, api: ApiClient, expected: tuple[int, str]) -> list[Any]:
        """The guarded routes that answer ``api`` otherwise."""
        return [
            (str(route), answer)
            for route in self._guarded()
            if (answer := _code(send(api, route.method, route.path()))) != expected
        ]

    def _document(self, gym: TestGym) -> dict[str, Any]:
        response = gym.api("admin").raw("GET", "/openapi.json")
        document: dict[str, Any] = response.get_json()
        return document

    def _seen_by(self, gym: TestGym) -> tuple[set[str], set[str], set[str]]:
        """The plugin's routes, permissions, and the admin's own, as a gym sees them."""
        mine = f"{self.plugin_id}."
        templates = {f"{route.method} {route.template}": route for route in self.routes}
        listed = {
            f"{method.upper()} {path}"
            for path, methods in self._document(gym)["paths"].items()
            for method, operation in methods.items()
            if operation["x-plugin"] == self.plugin_id
        }
        api = gym.api("admin")
        return (
            {str(templates[one]) for one in listed},
            {
                one["name"]
                for group in api.get("/permissions")
                for one in group["permissions"]
                if one["name"].startswith(mine)
            },
            {name for name in api.get("/me")["permissions"] if name.startswith(mine)},
        )

    def _shown(self, gym: TestGym, known: Mapping[str, object]) -> dict[str, Answer]:
        """What the plugin's reading routes answer the admin."""
        samples = Samples(self._document(gym), known)
        return {
            str(route): _answer(perform(gym.api("admin"), samples.of(route)))
            for route in self.routes
            if route.method == "GET"
        }

    def _try(self, gym: TestGym, sample: Sample, place: Any, value: object) -> Answer:
        """The answer to a request with one id exchanged, the id itself left out."""
        answer = perform(gym.api("admin"), sample.at(place, str(value)))
        status, body = _answer(answer)
        return status, _without(body, str(value))


def forms_of(path: str) -> list[str]:
    """Ways to write a path that lead to the same place, or nowhere."""
    return [path, f"{path}/", f"/{path}", path.replace("/", "//"), f"{path}//x"]


def send(api: ApiClient, method: str, path: str, **options: Any) -> TestResponse:
    """Sends a request without a body to a path, with or without the API's base."""
    return api.raw(method, path.removeprefix(API), **options)


def perform(api: ApiClient, sample: Sample) -> TestResponse:
    """Sends a request as it was made from the document."""
    path = urlsplit(sample.route.path(**sample.path)).path
    return send(
        api, sample.route.method, path, json=sample.body, query=dict(sample.query)
    )


def _code(response: TestResponse) -> tuple[int, str | None]:
    body = response.get_json(silent=True)
    error = body.get("error") if isinstance(body, dict) else None
    return response.status_code, error["code"] if error else None


def _is_disabled(method: str, response: TestResponse) -> bool:
    """Whether the answer says that the feature is off; HEAD says it by status alone."""
    status, code = _code(response)
    return status == 404 and (method == "HEAD" or code == "PLUGIN_DISABLED")  # noqa: PLR2004


def _lacks(response: TestResponse) -> str | None:
    """The permission for want of which the request was refused."""
    body = response.get_json(silent=True) or {}
    details = body.get("error", {}).get("details", {})
    name = details.get("permission") if response.status_code == 403 else None  # noqa: PLR2004
    return name if isinstance(name, str) else None


def _answer(response: TestResponse) -> Answer:
    """Status and body, without what differs from request to request."""
    body = response.get_json(silent=True)
    if isinstance(body, dict):
        body.pop("meta", None)
    return response.status_code, body


def _without(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, text) for key, item in value.items()}
    if isinstance(value, list):
        return [_without(item, text) for item in value]
    return value.replace(text, "…") if isinstance(value, str) else value
