"""Bad input is a clear 4xx: schemathesis, all checks, on every operation of a gym.

Each operation gets a gym of its own, since some of them switch plugins off or end
log-ins. What is found is the same in every run: the seed is fixed.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.config import SchemathesisConfig

from core.http.pipeline import Palestra
from core.testing.kit import TestGym
from core.testing.routes import gym_document
from tests.contract.world import passes, webhook

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

RULES = {
    "401": "the log-in name or password is wrong",
    "403": "the caller may not do this to this row, or to themselves",
    "404": "no such row in this gym",
    "409": "it collides with the present state",
    "412": "If-Match names another version",
    "422": "well formed, but against a rule (RuleBroken, Unprocessable)",
    "429": "too many requests",
}
"""Answers to valid data that are rules and not faults of the document. 400 is none of
them: what our own document calls valid must never be called malformed."""

CONFIG = SchemathesisConfig.from_dict(
    {
        "seed": 20261121,
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", *RULES]}},
        "generation": {
            "max-examples": 12,
            "deterministic": True,
            "database": "none",
            # No JSON schema can forbid NUL in every text; that each of them answers
            # 400 is tested with the parsers of query and body.
            "allow-x00": False,
            # The log-in is ours to send; the check ignored_auth sends others, and none.
            "with-security-parameters": False,
        },
    }
)


class _Served:
    """The application as the users of one gym reach it."""

    app: Palestra
    gym: TestGym
    known: dict[str, object]

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        environ["HTTP_X_TENANT"] = self.gym.slug
        return self.app(environ, start_response)


SERVED = _Served()
DOCUMENT = gym_document()
schema = schemathesis.openapi.from_dict(gym_document(), config=CONFIG)
schema.app = SERVED


@pytest.fixture
def in_own_gym(app: Palestra, gym: TestGym) -> Iterator[None]:
    """Points the operation at a fresh gym in which the ids of ``known`` exist."""
    SERVED.app, SERVED.gym = app, gym
    SERVED.known = {
        **passes(gym),
        **webhook(gym),
        "userId": gym.user("client"),
        "pluginId": "scheduling",
    }
    yield
    del SERVED.gym, SERVED.known


def test_the_document_is_openapi_3_1() -> None:
    OpenAPIV31SpecValidator(DOCUMENT).validate()


@pytest.mark.slow
@pytest.mark.usefixtures("in_own_gym")
@schema.parametrize()
def test_operation(case: schemathesis.Case[Any]) -> None:
    _aim(case)
    # A token of its own: the case before may have ended the log-in.
    token = SERVED.gym.token_for(SERVED.gym.user("admin"))
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"})


def _aim(case: schemathesis.Case[Any]) -> None:
    """Lets half of the valid requests hit rows that exist."""
    if case.meta is None or case.meta.generation.mode.is_negative:
        return
    for values in (case.path_parameters, case.query, case.body):
        if isinstance(values, dict):
            _hit(values)
    # The coverage phase loses the quotes of the one header that is made of them.
    version = case.headers.get("If-Match")
    if version is not None and version.isdigit():
        case.headers["If-Match"] = f'"{version}"'


def _hit(values: dict[str, Any]) -> None:
    for name in SERVED.known.keys() & values.keys():
        # Decided by the value, so that a failure comes back when it is replayed.
        if values[name] is not None and sum(str(values[name]).encode()) % 2:
            values[name] = str(SERVED.known[name])
