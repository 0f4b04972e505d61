"""``/t/<slug>`` in front of every path."""

from collections.abc import Iterable
from typing import Any

import pytest

from core.http.tenancy import PATH_SLUG, PathPrefixMiddleware
from core.ids import new_id
from core.testing.kit import TestGym
from tests.tenants.world import World


def _through(path: str, mounted_at: str = "") -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], _start: Any) -> Iterable[bytes]:
        seen.update(environ)
        return [b""]

    environ = {"PATH_INFO": path, "SCRIPT_NAME": mounted_at}
    PathPrefixMiddleware(app)(environ, lambda *_: lambda _data: None)
    return seen


@pytest.mark.parametrize(
    ("path", "slug", "script", "rest"),
    [
        ("/t/iron-temple/api/v1/me", "iron-temple", "/t/iron-temple", "/api/v1/me"),
        ("/t/iron-temple", "iron-temple", "/t/iron-temple", "/"),
        ("/t/iron-temple/", "iron-temple", "/t/iron-temple", "/"),
        ("/t/a/t/b/x", "a", "/t/a", "/t/b/x"),
    ],
)
def test_the_slug_moves_to_the_mount_point(
    path: str, slug: str, script: str, rest: str
) -> None:
    seen = _through(path)
    assert seen[PATH_SLUG] == slug
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == (script, rest)


@pytest.mark.parametrize(
    "path", ["/", "/t", "/t/", "/t//api", "/team/x", "/api/t/x", ""]
)
def test_other_paths_stay_as_they_are(path: str) -> None:
    seen = _through(path)
    assert PATH_SLUG not in seen
    assert (seen["SCRIPT_NAME"], seen["PATH_INFO"]) == ("", path)


def test_an_outer_mount_point_is_kept() -> None:
    seen = _through("/t/iron-temple/x", mounted_at="/gyms")
    assert seen["SCRIPT_NAME"] == "/gyms/t/iron-temple"


@pytest.mark.parametrize(
    ("host", "path", "header"),
    [
        ("{slug}.gyms.example", "", None),
        ("{SLUG}.GYMS.EXAMPLE:8000", "", None),
        ("localhost", "/t/{slug}", None),
        ("localhost", "/t/{SLUG}", "no-such-gym"),
        ("localhost", "", "{slug}"),
    ],
)
def test_a_request_names_its_gym_by_host_path_or_header(
    gym: TestGym, host: str, path: str, header: str | None
) -> None:
    slugs = {"slug": gym.slug, "SLUG": gym.slug.upper()}
    headers = {"Authorization": f"Bearer {gym.api('admin').token}"}
    if header is not None:
        headers["X-Tenant"] = header.format(**slugs)
    response = gym.app.test_client().get(
        f"{path.format(**slugs)}/api/v1/admin/gym",
        base_url=f"http://{host.format(**slugs)}",
        headers=headers,
    )
    assert response.get_json()["data"]["slug"] == gym.slug


def test_a_gym_answers_at_its_own_domain(gym: TestGym, world: World) -> None:
    domain = f"{new_id().hex}.example"
    world.create(domains=[domain])
    client = gym.app.test_client()
    headers = {"Authorization": f"Bearer {gym.api('admin').token}"}
    for host, code in ((domain, "TENANT_MISMATCH"), (f"x.{domain}", "TENANT_UNKNOWN")):
        response = client.get(
            "/api/v1/admin/gym", base_url=f"http://{host}", headers=headers
        )
        assert response.get_json()["error"]["code"] == code


@pytest.mark.parametrize("slug", ["no-such-gym", "%00%00%00", "..", "A" * 500])
def test_unknown_slugs_are_one_answer(gym: TestGym, slug: str) -> None:
    response = gym.app.test_client().get(f"/t/{slug}/api/v1/admin/gym")
    assert response.get_json()["error"]["code"] == "TENANT_UNKNOWN"
