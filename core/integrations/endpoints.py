"""The admin's routes on outside services."""

from collections.abc import Sequence
from typing import Any, Final

import structlog

from core.db.services import service as find_service
from core.errors import PreconditionFailed, ProviderFailed, Unprocessable
from core.http.blueprint import Blueprint
from core.http.pipeline import step
from core.integrations import service
from core.integrations.errors import (
    IntegrationFailed,
    IntegrationNotSetUp,
    IntegrationUnknown,
    IntegrationUnreadable,
)
from core.integrations.permissions import (
    CHANGE_INTEGRATIONS,
    READ_INTEGRATIONS,
    TEST_INTEGRATIONS,
)
from core.integrations.schemas import IntegrationChange, IntegrationView
from core.integrations.service import Shown
from core.outbound.guard import Guard

log = structlog.get_logger(__name__)

integrations = Blueprint(
    "admin_integrations",
    prefix="/admin/integrations",
    tag="Admin & Audits",
    description="Outside services that the gym sets up for itself.",
)

_EXAMPLE: Final = {
    "name": "email",
    "title": "E-mail",
    "summary": "A mail server of the gym's own; else mail goes by the platform's.",
    "configured": True,
    "settings": {"sender": "Iron Temple <hello@iron-temple.example>"},
    "secrets": {"url": True},
    "settingsSchema": {
        "type": "object",
        "properties": {
            "sender": {"type": "string"},
            "url": {"type": "string", "writeOnly": True},
        },
        "required": ["sender", "url"],
        "additionalProperties": False,
    },
    "lastTestedAt": "2026-03-01T09:00:00Z",
    "lastTestOk": True,
}
_CHANGE_EXAMPLE: Final = {
    "settings": {
        "url": "smtp://user:secret@mail.iron-temple.example:587",
        "sender": "Iron Temple <hello@iron-temple.example>",
    }
}
_NAME: Final = (
    {
        "in": "path",
        "name": "name",
        "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_]{1,30}$"},
        "example": "email",
    },
)


@integrations.get(
    summary="List outside services",
    permission=READ_INTEGRATIONS,
    returns=IntegrationView,
    many=True,
    example=[_EXAMPLE],
)
def list_integrations() -> Sequence[Shown]:
    """All that the gym can set up, whether it has or not."""
    return service.everything()


@integrations.get(
    "/<name>",
    summary="Show an outside service",
    permission=READ_INTEGRATIONS,
    returns=IntegrationView,
    versioned=True,
    errors=(IntegrationUnknown,),
    example=_EXAMPLE,
    parameters=_NAME,
)
def show_integration(name: str) -> Shown:
    """Of secrets it tells whether they are set, and nothing else."""
    return service.show(name)


@integrations.put(
    "/<name>",
    summary="Set up an outside service",
    permission=CHANGE_INTEGRATIONS,
    body=IntegrationChange,
    returns=IntegrationView,
    versioned=True,
    errors=(
        IntegrationUnknown,
        IntegrationUnreadable,
        PreconditionFailed,
        Unprocessable,
    ),
    example=_EXAMPLE,
    request_example=_CHANGE_EXAMPLE,
    parameters=_NAME,
)
def set_up_integration(name: str, body: dict[str, Any], if_match: int | None) -> Shown:
    """Replaces the settings; a secret that is left out stays, null removes it."""
    return service.store(name, body["settings"], if_match)


@integrations.delete(
    "/<name>",
    summary="Remove an outside service",
    permission=CHANGE_INTEGRATIONS,
    status=204,
    errors=(IntegrationUnknown, IntegrationNotSetUp),
    parameters=_NAME,
)
def remove_integration(name: str) -> None:
    """Its settings and secrets are deleted; the platform's own service takes over."""
    service.remove(name)


@integrations.post(
    "/<name>/test",
    summary="Try an outside service out",
    permission=TEST_INTEGRATIONS,
    returns=IntegrationView,
    stepwise=True,
    errors=(
        IntegrationUnknown,
        IntegrationNotSetUp,
        IntegrationUnreadable,
        IntegrationFailed,
    ),
    example=_EXAMPLE,
    parameters=_NAME,
)
def test_integration(name: str) -> Shown:
    """Makes one real call with the stored settings, and keeps how it went."""
    trial = step(lambda: service.prepare_trial(name))
    refused = _refusal(trial, step(lambda: find_service(Guard)))
    step(lambda: service.note_trial(trial, ok=refused is None))
    if refused is not None:
        raise refused
    return step(lambda: service.show(name))


def _refusal(trial: service.Trial, guard: Guard) -> IntegrationFailed | None:
    """Makes the call; no error that may hold settings gets further than here."""
    try:
        trial.integration.test(trial.configuration, guard)
    except ProviderFailed as error:
        return IntegrationFailed(trial.scrubbed(str(error)))
    except Exception as error:  # noqa: BLE001 — a trace could show the settings
        log.error(  # noqa: TRY400 — for the same reason
            "integration.test_broken",
            integration=trial.integration.name,
            reason=type(error).__name__,
        )
        return IntegrationFailed()
    return None
