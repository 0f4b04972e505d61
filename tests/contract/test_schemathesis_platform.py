"""Bad input is a clear 4xx on every operation of the operator's, too.

Each operation gets a gym of its own, and each request an operator: some of them close
gyms or end log-ins.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from openapi_spec_validator import OpenAPIV31SpecValidator

from core.http.pipeline import Palestra
from core.testing.kit import TestGym
from core.testing.routes import platform_document
from tests.contract.test_schemathesis import CONFIG
from tests.tenants.operating import desk_of, new_operator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

schema = schemathesis.openapi.from_dict(platform_document(), config=CONFIG)


class _Known:
    """The application, and what exists in it, by its name on the wire."""

    app: Palestra
    gym: TestGym
    values: dict[str, str]

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        return self.app(environ, start_response)


KNOWN = _Known()
schema.app = KNOWN


@pytest.fixture
def installed(app: Palestra, gym: TestGym) -> Iterator[None]:
    """Points the operation at a fresh gym; what it does to plugins is taken back."""
    KNOWN.app, KNOWN.gym = app, gym
    KNOWN.values = {
        "gymId": str(gym.id),
        "pluginId": "scheduling",
        "slug": gym.slug,
    }
    yield
    directory, units = gym.installation.directory, gym.installation.units("operator")
    with units.open(None) as session:
        quarantined = list(directory.quarantined(session))
    for plugin_id in quarantined:
        directory.release(units, plugin_id)


def _token() -> str:
    return desk_of(KNOWN.app).issue(new_operator(KNOWN.gym.installation))


def test_the_document_is_openapi_3_1_and_the_operators_alone() -> None:
    document = platform_document()
    OpenAPIV31SpecValidator(document).validate()
    assert len(document["paths"]) > 10
    assert all(path.startswith("/platform/v1/") for path in document["paths"])


@pytest.mark.slow
@pytest.mark.usefixtures("installed")
@schema.parametrize()
def test_operation(case: schemathesis.Case[Any]) -> None:
    if case.meta is not None and not case.meta.generation.mode.is_negative:
        _hit(case)
    case.call_and_validate(headers={"Authorization": f"Bearer {_token()}"})


def _hit(case: schemathesis.Case[Any]) -> None:
    """Lets half of the valid requests hit what exists."""
    for values in (case.path_parameters, case.query, case.body):
        if not isinstance(values, dict):
            continue
        for name in KNOWN.values.keys() & values.keys():
            # Decided by the value, so that a failure comes back when it is replayed.
            if sum(str(values[name]).encode()) % 2:
                values[name] = KNOWN.values[name]
