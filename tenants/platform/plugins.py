"""Plugins of the whole installation, and their quarantine."""

from collections.abc import Mapping
from typing import Any

from core.errors import NotFound, PluginInUse, Unprocessable
from core.http.blueprint import Blueprint
from core.plugin.manifest import Manifest
from tenants import quarantine
from tenants.oplog import note
from tenants.platform.access import TAG, directory, installed, operator_units
from tenants.platform.schemas import PurgeConfirmation, QuarantineChange, QuarantineView

plugins = Blueprint("platform_plugins", prefix="/plugins", tag=TAG, reach="operator")

_EXAMPLE = {
    "id": "scheduling",
    "title": "Scheduling",
    "version": "1.0.0",
    "quarantined": True,
    "reason": "Books twice since the last upgrade.",
}


@plugins.get(
    summary="List the installed plugins",
    signed_in=True,
    returns=QuarantineView,
    many=True,
    example=[_EXAMPLE],
)
def list_plugins() -> list[dict[str, Any]]:
    """Those that gyms switch on and off, in the order in which they build up."""
    reasons = quarantine.reasons(operator_units())
    found = installed().plugins
    return [
        _shown(manifest, reasons)
        for manifest in found.manifests
        if manifest.id in found.switchable
    ]


@plugins.patch(
    "/<plugin_id>",
    summary="Put a plugin into quarantine, or let it out",
    signed_in=True,
    body=QuarantineChange,
    returns=QuarantineView,
    errors=(NotFound,),
    example=_EXAMPLE,
    request_example={"quarantined": True, "reason": "Books twice."},
)
def change_quarantine(plugin_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Holds in every gym from the next request on; what gyms chose stays stored."""
    units = operator_units()
    if body["quarantined"]:
        directory().quarantine(units, plugin_id, body["reason"])
    else:
        directory().release(units, plugin_id)
    manifest = installed().plugins.manifest(plugin_id)
    if manifest is None:
        raise NotFound
    return _shown(manifest, quarantine.reasons(units))


@plugins.post(
    "/<plugin_id>/purge",
    summary="Delete what a plugin keeps of all gyms",
    signed_in=True,
    body=PurgeConfirmation,
    returns=QuarantineView,
    errors=(NotFound, PluginInUse, Unprocessable),
    example={**_EXAMPLE, "reason": "Its data was purged."},
    request_example={"confirm": "scheduling"},
)
def purge_plugin(plugin_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Drops its tables, where no gym has it on; `confirm` repeats its id.

    It stays in quarantine. Uninstall its distribution next, or upgrade the database and
    let it out to begin anew.
    """
    if body["confirm"] != plugin_id:
        raise Unprocessable("Repeat the plugin's id as confirm.")
    installed().purge_plugin(plugin_id)
    with operator_units().open(None) as session:
        note(session, "plugin.purged", details={"plugin": plugin_id})
    manifest = installed().plugins.manifest(plugin_id)
    if manifest is None:
        raise NotFound
    return _shown(manifest, quarantine.reasons(operator_units()))


def _shown(manifest: Manifest, reasons: Mapping[str, str]) -> dict[str, Any]:
    return {
        "id": manifest.id,
        "title": manifest.title,
        "version": manifest.version,
        "quarantined": manifest.id in reasons,
        "reason": reasons.get(manifest.id),
    }
