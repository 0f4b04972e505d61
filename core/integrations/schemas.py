"""Wire shapes of the routes of integrations."""

from typing import Any

from marshmallow import fields

from core.http.described import json_schema
from core.http.schema import Moment, Schema, Text
from core.integrations.service import Shown


def _settings(shown: Shown) -> dict[str, Any]:
    return {} if shown.row is None else shown.row.settings


def _secrets(shown: Shown) -> dict[str, bool]:
    set_up = () if shown.row is None else shown.row.secret_names
    return {name: name in set_up for name in sorted(shown.integration.secret_names)}


class IntegrationView(Schema):
    """An outside service as a gym's admin sees it."""

    name = fields.String(attribute="integration.name")
    title = fields.String(attribute="integration.title")
    summary = fields.String(attribute="integration.summary")
    configured = fields.Function(
        lambda shown: shown.row is not None,
        metadata={
            "type": "boolean",
            "description": "Whether the gym has set it up.",
        },
    )
    settings = fields.Function(
        _settings,
        metadata={
            "type": "object",
            "description": "What the gym set, without secrets.",
        },
    )
    secrets = fields.Function(
        _secrets,
        metadata={
            "type": "object",
            "additionalProperties": {"type": "boolean"},
            "description": "Which secrets are set; no answer ever holds one.",
        },
    )
    settings_schema = fields.Function(
        lambda shown: json_schema(shown.integration.schema),
        metadata={"type": "object", "description": "JSON Schema of its settings."},
    )
    last_tested_at = Moment(
        attribute="row.last_tested_at",
        dump_default=None,
        allow_none=True,
        metadata={"description": "When it was last tried out as it is set up now."},
    )
    last_test_ok = fields.Boolean(
        attribute="row.last_test_ok", dump_default=None, allow_none=True
    )


class IntegrationChange(Schema):
    """New settings of an outside service."""

    settings = fields.Dict(
        required=True,
        keys=Text(maximum=100),
        values=fields.Raw(allow_none=True),
        metadata={
            "description": "All settings, as settingsSchema says. A secret that is "
            "left out stays, null removes it; others that are left out take their "
            "defaults."
        },
    )
