"""A browser as far as cookies are concerned."""

from typing import Any

from werkzeug.http import parse_cookie
from werkzeug.test import TestResponse

from core.testing.kit import PASSWORD, TestGym

SHARED = "localhost"


class Browser:
    """Keeps cookies, on one host and below one mount, as a page of a gym would.

    Attributes:
        headers: Sent with every request.
    """

    def __init__(
        self,
        gym: TestGym,
        *,
        host: str = SHARED,
        mount: str = "",
        by_header: bool = False,
    ) -> None:
        self.client = gym.app.test_client()
        self.base, self.mount = f"http://{host}", mount
        self.headers = {"X-Tenant": gym.slug} if by_header else {}
        self._gym = gym

    @classmethod
    def own_host(cls, gym: TestGym) -> "Browser":
        """At the gym's own host."""
        return cls(gym, host=f"{gym.slug}.gyms.example")

    @classmethod
    def own_path(cls, gym: TestGym) -> "Browser":
        """Below the gym's path on the shared host."""
        return cls(gym, mount=f"/t/{gym.slug}")

    @classmethod
    def own_header(cls, gym: TestGym) -> "Browser":
        """On the shared host, where a header alone names the gym."""
        return cls(gym, by_header=True)

    def send(self, method: str, path: str, **options: Any) -> TestResponse:
        """Sends a request with the cookies that belong to it."""
        headers = {**self.headers, **options.pop("headers", {})}
        return self.client.open(
            f"{self.mount}/api/v1{path}",
            method=method,
            base_url=self.base,
            headers=headers,
            **options,
        )

    def log_in(self, role: str = "client", **more: Any) -> TestResponse:
        """Logs the user of ``role`` in."""
        self._gym.user(role)
        body = {"login": self._gym.email(role), "password": PASSWORD, **more}
        return self.send("POST", "/auth/login", json={"mode": "cookie", **body})

    def csrf(self) -> dict[str, str]:
        """The header that a page makes of the readable cookie."""
        slug = self.headers.get("X-Tenant")
        name = f"palestra_csrf_{slug}" if slug else "palestra_csrf"
        host = self.base.removeprefix("http://")
        kept = self.client.get_cookie(name, domain=host, path=self.mount or "/")
        assert kept is not None
        return {"X-CSRF-Token": kept.value}


def code_of(response: TestResponse) -> tuple[int, str]:
    """Status and error code of a refusal."""
    return response.status_code, response.get_json()["error"]["code"]


def cookies_of(response: TestResponse) -> dict[str, dict[str, str]]:
    """The attributes of each cookie that a response sets, by name."""
    found = {}
    for line in response.headers.getlist("Set-Cookie"):
        pair, *attributes = line.split("; ")
        ((name, value),) = parse_cookie(pair).items()
        parts = (attribute.partition("=") for attribute in attributes)
        if not name.startswith("palestra_device"):
            found[name] = {"value": value, **{key: text for key, _, text in parts}}
    return found
