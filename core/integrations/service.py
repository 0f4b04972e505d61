"""Setting up outside services, trying them out, and reading what was set up.

Secrets lie in the database under the vault, bound to gym and row. They are opened for
the code that calls the service, and for nobody else.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import marshmallow as ma
import orjson
import structlog

from core.audit.recorder import record_event
from core.clock import utc_now
from core.config.vault import SealBroken, Vault
from core.db.services import service
from core.db.unit import session
from core.errors import Unprocessable
from core.http.preconditions import require_version
from core.integrations import catalogue, repository
from core.integrations.errors import IntegrationNotSetUp, IntegrationUnreadable
from core.integrations.models import PURPOSE, StoredIntegration
from core.integrations.scrubbing import without_secrets
from core.plugin.integration import Configuration, Integration

ENTITY = "integration"

MAX_SETTINGS_BYTES = 32 * 1024
"""How much one integration's settings take in the database."""

MAX_SAID = 500
"""Characters of what a provider said that are passed on."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Shown:
    """An integration as a gym's admin sees it: what it is, and what is set up."""

    integration: Integration
    row: StoredIntegration | None

    @property
    def version(self) -> int:
        """That of the settings; 0 where the gym has none."""
        return 0 if self.row is None else self.row.version


@dataclass(frozen=True, slots=True)
class Trial:
    """What trying an integration out takes."""

    integration: Integration
    row_id: UUID
    version: int
    configuration: Configuration = field(repr=False)

    def scrubbed(self, told: str) -> str:
        """What a provider said, without the secrets that it was sent."""
        fields = self.integration.schema().fields
        secret = [name for name, one in fields.items() if one.load_only]
        values = [self.configuration.get(name) for name in secret]
        text: str = without_secrets(told, values)
        return text[:MAX_SAID]


def read(name: str) -> Configuration | None:
    """The gym's settings of an outside service, for the code that calls it.

    Needs an open unit of work in a gym.

    Args:
        name: Of the integration.

    Returns:
        The settings in Python form, secrets opened and defaults filled in, as its
        schema loads them; None where the gym has set up nothing that works, or the
        plugin that declares it is off.
    """
    integration = catalogue.available().get(name)
    row = repository.find(name) if integration else None
    if integration is None or row is None:
        return None
    try:
        return _configuration(integration, row)
    except (IntegrationUnreadable, ma.ValidationError) as error:
        log.warning("integration.unusable", name=name, reason=type(error).__name__)
        return None


def everything() -> Sequence[Shown]:
    """All integrations of this gym, set up or not."""
    rows = {row.name: row for row in repository.every()}
    found = catalogue.available()
    return [Shown(one, rows.get(name)) for name, one in found.items()]


def show(name: str) -> Shown:
    """One integration.

    Raises:
        IntegrationUnknown: There is none of that name in this gym.
    """
    return Shown(catalogue.require(name), repository.find(name))


def store(name: str, given: Mapping[str, Any], expected: int | None = None) -> Shown:
    """Replaces an integration's settings.

    Args:
        name: Of the integration.
        given: The settings in wire form. A secret that is left out stays as it is,
            null removes it; anything else that is left out takes its default.
        expected: The version that the caller saw.

    Raises:
        IntegrationUnknown: There is none of that name in this gym.
        PreconditionFailed: Somebody else changed it meanwhile.
        Unprocessable: The settings are not what the integration takes.
        IntegrationUnreadable: Secrets are to stay that do not open any more.
    """
    integration = catalogue.require(name)
    row, added = repository.find_or_add(name)
    require_version(0 if added else row.version, expected)
    secrets = _secrets_after(integration, row, given)
    whole = {**_without(given, integration.secret_names), **secrets}
    plain = _plain(integration, _loaded(integration, whole, secrets))
    changed = sorted(
        _changed(row.settings, plain) | (integration.secret_names & {*given})
    )
    if len(orjson.dumps(whole)) > MAX_SETTINGS_BYTES:
        raise Unprocessable(f"The settings may take {MAX_SETTINGS_BYTES} bytes.")
    row.settings, row.secret_names = plain, sorted(secrets)
    row.secrets = _sealed(row, secrets) if secrets else None
    row.last_tested_at = row.last_test_ok = None
    session().flush()
    action = "integration.create" if added else "integration.update"
    record_event(action, ENTITY, row.id, {"name": name, "changed": changed})
    return Shown(integration, row)


def remove(name: str) -> None:
    """Removes an integration's settings, secrets included.

    Raises:
        IntegrationUnknown: There is none of that name in this gym.
        IntegrationNotSetUp: The gym has not set it up.
    """
    catalogue.require(name)
    row = repository.find(name, lock=True)
    if row is None:
        raise IntegrationNotSetUp
    record_event("integration.delete", ENTITY, row.id, {"name": name})
    repository.remove(row)


def prepare_trial(name: str) -> Trial:
    """Reads what trying an integration out takes.

    Raises:
        IntegrationUnknown: There is none of that name in this gym.
        IntegrationNotSetUp: The gym has not set it up.
        IntegrationUnreadable: Its secrets do not open any more, or its settings are
            of an older version of the platform.
    """
    integration = catalogue.require(name)
    row = repository.find(name)
    if row is None:
        raise IntegrationNotSetUp
    try:
        configuration = _configuration(integration, row)
    except ma.ValidationError as error:
        raise IntegrationUnreadable from error
    return Trial(integration, row.id, row.version, configuration)


def note_trial(trial: Trial, *, ok: bool) -> None:
    """Keeps how it went, unless the settings were changed while it was tried out."""
    row = repository.find_version(trial.row_id, trial.version)
    if row is not None:
        row.last_tested_at, row.last_test_ok = utc_now(), ok
    details = {"name": trial.integration.name, "ok": ok}
    record_event("integration.test", ENTITY, trial.row_id, details)


def _configuration(integration: Integration, row: StoredIntegration) -> dict[str, Any]:
    """The settings in Python form.

    Raises:
        IntegrationUnreadable: The secrets do not open.
        marshmallow.ValidationError: The schema has become another one since.
    """
    schema = integration.schema(unknown=ma.EXCLUDE)
    loaded: dict[str, Any] = schema.load({**row.settings, **_opened(row)})
    return loaded


def _secrets_after(
    integration: Integration, row: StoredIntegration, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The secrets in wire form, as they are once ``given`` is stored."""
    kept = (integration.secret_names & {*row.secret_names}) - given.keys()
    opened = _opened(row) if kept else {}
    new = {name: given[name] for name in integration.secret_names if name in given}
    after = {**{name: opened[name] for name in kept}, **new}
    return {name: value for name, value in after.items() if value is not None}


def _loaded(
    integration: Integration, whole: Mapping[str, Any], secrets: Mapping[str, Any]
) -> dict[str, Any]:
    try:
        loaded: dict[str, Any] = integration.schema(unknown=ma.RAISE).load(whole)
    except ma.ValidationError as error:
        messages = without_secrets(error.messages, secrets.values())
        # Not chained: the error carries what was sent, and a log would show it.
        raise Unprocessable(details={"body": {"settings": messages}}) from None
    return loaded


def _plain(integration: Integration, loaded: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that are no secrets in wire form, defaults filled in."""
    schema = integration.schema()
    taken = {str(field.data_key) for field in schema.load_fields.values()}
    dumped: dict[str, Any] = schema.dump(loaded)
    # Through JSON, so that what is compared and what is stored are the same.
    text = orjson.dumps({name: dumped[name] for name in dumped if name in taken})
    plain: dict[str, Any] = orjson.loads(text)
    return plain


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    nothing = object()
    return {
        name
        for name in {*before, *after}
        if before.get(name, nothing) != after.get(name, nothing)
    }


def _without(given: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if name not in names}


def _sealed(row: StoredIntegration, secrets: Mapping[str, Any]) -> bytes:
    bound = row.tenant_id.bytes + row.id.bytes
    clear = orjson.dumps(dict(secrets))
    return service(Vault).seal(clear, purpose=PURPOSE, bound_to=bound)


def _opened(row: StoredIntegration) -> dict[str, Any]:
    if row.secrets is None:
        return {}
    bound = row.tenant_id.bytes + row.id.bytes
    try:
        clear = service(Vault).open(row.secrets, purpose=PURPOSE, bound_to=bound)
    except SealBroken as error:
        raise IntegrationUnreadable from error
    opened: dict[str, Any] = orjson.loads(clear)
    return opened
