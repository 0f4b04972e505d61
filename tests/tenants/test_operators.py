"""Operators: who gets in, who does not, and when a token ends."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import jwt
import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from core.app import Installation
from core.auth.attempts import LOCK_AFTER
from core.auth.errors import PasswordTooWeak
from core.auth.jwk import ALGORITHM
from core.auth.keys import KeyRing
from core.clock import frozen_at, utc_now
from core.errors import NotFound, Unprocessable
from core.http.pipeline import Palestra
from core.testing.kit import ApiClient, TestGym
from tenants import operators
from tenants.errors import OperatorExists
from tenants.models import Operator
from tenants.operator_cli import operators as command
from tests.tenants.operating import PASSWORD, OperatorApi, desk_of, new_operator

NEW_PASSWORD = "Nine-Lamps-Glow-42"


@pytest.fixture
def operator(installation: Installation) -> Operator:
    return new_operator(installation)


@pytest.fixture
def api(app: Palestra, operator: Operator) -> OperatorApi:
    return OperatorApi(app, desk_of(app).issue(operator))


def log_in(app: Palestra, email: str, password: str) -> Any:
    body = {"email": email, "password": password}
    return OperatorApi(app).raw("POST", "/auth/login", json=body)


def test_a_log_in_opens_the_api(app: Palestra, operator: Operator) -> None:
    answer = log_in(app, operator.email.upper(), PASSWORD)
    assert answer.status_code == 200, answer.text
    data = answer.get_json()["data"]
    assert data["operator"]["id"] == str(operator.id)
    assert 0 < data["expiresIn"] <= 900
    claims = jwt.decode(data["accessToken"], options={"verify_signature": False})
    assert (claims["type"], claims["aud"]) == ("operator", "palestra:operator")
    assert claims["exp"] - claims["iat"] <= 900
    OperatorApi(app, data["accessToken"]).call("GET", "/gyms")


def test_what_is_wrong_is_not_told(
    app: Palestra, installation: Installation, operator: Operator
) -> None:
    disabled = new_operator(installation)
    operators.disable(installation.units("operator"), disabled.email)
    answers = [
        log_in(app, operator.email, "Wrong-Horse-77!"),
        log_in(app, "nobody-at-all@operators.example", PASSWORD),
        log_in(app, disabled.email, PASSWORD),
    ]
    assert {a.status_code for a in answers} == {401}
    errors = [a.get_json()["error"] for a in answers]
    assert errors[0] == errors[1] == errors[2]
    assert errors[0]["code"] == "AUTH_INVALID_CREDENTIALS"


def test_guesses_at_once_do_not_get_past_the_count(
    app: Palestra, operator: Operator
) -> None:
    """The eleventh of many guesses is refused before its hash is computed."""
    now = utc_now()

    def guess(_number: int) -> int:
        with frozen_at(now):
            answer = log_in(app, operator.email, "Wrong-Horse-77!")
        status: int = answer.status_code
        return status

    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(guess, range(30)))
    assert codes.count(401) <= LOCK_AFTER
    assert codes.count(401) + codes.count(429) == 30
    with frozen_at(now):
        locked = log_in(app, operator.email, PASSWORD)
    assert locked.get_json()["error"]["code"] == "AUTH_LOCKED"
    assert int(locked.headers["Retry-After"]) >= 1


def test_gyms_people_are_strangers_here(app: Palestra, gym: TestGym) -> None:
    for role in ("admin", "client"):
        OperatorApi(app, gym.api(role).token).fail("GET", "/gyms", 401, "AUTH_REQUIRED")
    key = gym.api("admin").post(
        "/api-keys",
        {"name": "Screen", "permissions": ["users.user.read"], "scope": "all"},
    )
    OperatorApi(app, key["key"]).fail("GET", "/gyms", 401, "AUTH_REQUIRED")
    OperatorApi(app).fail("GET", "/gyms", 401, "AUTH_REQUIRED")
    admin = gym.email("admin")
    assert log_in(app, admin, PASSWORD).status_code == 401


def test_an_operator_is_a_stranger_in_every_gym(gym: TestGym, api: OperatorApi) -> None:
    client = ApiClient(gym.app, gym.slug, api.token)
    client.fail("GET", "/me", expect=401, code="AUTH_REQUIRED")
    client.fail("GET", "/users", expect=401, code="AUTH_REQUIRED")


@pytest.mark.parametrize(
    ("claims", "code"),
    [
        ({"type": "access"}, "AUTH_REQUIRED"),
        ({"aud": "palestra:access"}, "AUTH_REQUIRED"),
        ({"epoch": None}, "AUTH_REQUIRED"),
        ({"epoch": True}, "AUTH_REQUIRED"),
        ({"epoch": 7}, "AUTH_REQUIRED"),
        ({"sub": "019b0a52-7c3e-7d10-9f2a-5d1c0e8b4a11"}, "AUTH_REQUIRED"),
        ({"exp": int(utc_now().timestamp()) - 3600}, "AUTH_TOKEN_EXPIRED"),
    ],
)
def test_tokens_with_other_claims(
    app: Palestra, api: OperatorApi, claims: dict[str, Any], code: str
) -> None:
    payload = jwt.decode(api.token or "", options={"verify_signature": False}) | claims
    keys: KeyRing = app.extensions["palestra-keys"]
    signer = keys.signer()
    token = jwt.encode(
        {name: value for name, value in payload.items() if value is not None},
        signer.private,
        algorithm=ALGORITHM,
        headers={"kid": signer.kid},
    )
    OperatorApi(app, token).fail("GET", "/gyms", 401, code)


def test_what_ends_tokens_ends_them_at_once(
    app: Palestra, installation: Installation, operator: Operator, api: OperatorApi
) -> None:
    units = installation.units("operator")
    api.call("GET", "/gyms")
    renewed = operators.reset_password(units, operator.email, NEW_PASSWORD)
    api.fail("GET", "/gyms", 401, "AUTH_REQUIRED")
    assert log_in(app, operator.email, PASSWORD).status_code == 401
    assert log_in(app, operator.email, NEW_PASSWORD).status_code == 200

    second = OperatorApi(app, desk_of(app).issue(renewed))
    second.call("POST", "/auth/logout", expect=204)
    second.fail("GET", "/gyms", 401, "AUTH_REQUIRED")

    token = log_in(app, operator.email, NEW_PASSWORD).get_json()["data"]["accessToken"]
    third = OperatorApi(app, token)
    third.call("GET", "/gyms")
    operators.disable(units, operator.email)
    third.fail("GET", "/gyms", 401, "AUTH_REQUIRED")


def test_accounts_are_held_to_the_rules(
    installation: Installation, operator: Operator
) -> None:
    units = installation.units("operator")
    with pytest.raises(OperatorExists):
        operators.create(
            units, email=operator.email.title(), name="Other", password=NEW_PASSWORD
        )
    with pytest.raises(PasswordTooWeak):
        operators.create(units, email="a@b.example", name="A", password="short")
    with pytest.raises(Unprocessable):
        operators.create(units, email="no address", name="A", password=NEW_PASSWORD)
    with pytest.raises(NotFound):
        operators.disable(units, "nobody-at-all@operators.example")


def test_the_role_that_serves_gyms_sees_no_operator(installation: Installation) -> None:
    with (
        pytest.raises(Exception, match="permission denied"),
        installation.units().open(None) as session,
    ):
        session.get(Operator, new_operator(installation).id)


def test_commands(app: Palestra, installation: Installation) -> None:
    email = f"cli-{utc_now().timestamp()}@operators.example"

    def run(*arguments: str, typed: str | None = None) -> Result:
        with capture_logs():
            return CliRunner().invoke(
                command,
                arguments,
                obj=installation,
                input=typed,
                catch_exceptions=False,
            )

    made = run(
        "create", email, "--name=Rita", "--password-stdin", typed=f"{PASSWORD}\n"
    )
    assert made.exit_code == 0, made.output
    assert PASSWORD not in made.output
    assert log_in(app, email, PASSWORD).status_code == 200
    assert email in run("list").output
    assert "disabled" in run("disable", email).output
    assert log_in(app, email, PASSWORD).status_code == 401
    run("reset-password", email, "--password-stdin", typed=f"{NEW_PASSWORD}\n")
    assert log_in(app, email, NEW_PASSWORD).status_code == 200
