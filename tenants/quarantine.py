"""Plugins that the operator switched off for every gym at once.

The change raises the version that every request reads beside that of its gym, so each
process sees it with the next request, whatever it had cached.
"""

from collections.abc import Mapping

from core.db.unit import UnitOfWork
from core.errors import NotFound
from core.ids import NIL
from core.plugin.manager import Plugins
from tenants import repository
from tenants.oplog import note


def begin(units: UnitOfWork, plugins: Plugins, plugin_id: str, reason: str) -> None:
    """Switches a plugin off for every gym; again, it changes the reason.

    Gyms' choices stay stored, and what the plugin keeps of them too.

    Args:
        units: Units of work on the operator's connection.
        plugins: The installed ones.
        plugin_id: Which one.
        reason: For whoever finds it switched off.

    Raises:
        NotFound: No such plugin is installed, or no gym may do without it.
    """
    _require(plugins, plugin_id)
    with units.open(None) as session:
        repository.raise_epoch(session)
        repository.put_in_quarantine(session, plugin_id, reason)
        told = {"plugin": plugin_id, "reason": reason}
        note(session, "plugin.quarantined", details=told)


def end(units: UnitOfWork, plugins: Plugins, plugin_id: str) -> None:
    """Lets each gym have again what it chose; done twice, it changes nothing.

    Jobs that waited are due at once, those of the plugins that need it as well.

    Raises:
        NotFound: No such plugin is installed.
    """
    _require(plugins, plugin_id)
    owners = [plugin_id, *plugins.dependants(plugin_id)]
    with units.open(NIL) as session:
        repository.raise_epoch(session)
        if repository.release(session, plugin_id):
            repository.wake_everywhere(session, owners)
            note(session, "plugin.released", details={"plugin": plugin_id})


def reasons(units: UnitOfWork) -> Mapping[str, str]:
    """The plugins in quarantine, each with the reason."""
    with units.open(None) as session:
        return {row.plugin_id: row.reason for row in repository.quarantine(session)}


def _require(plugins: Plugins, plugin_id: str) -> None:
    if plugin_id not in plugins.switchable:
        raise NotFound("No such plugin is installed.")
