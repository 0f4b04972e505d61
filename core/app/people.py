"""Who holds data about people in an installation, for export and erasure."""

from importlib import import_module
from pathlib import Path
from typing import Final

from core.plugin.manager import Plugins
from core.privacy.archives import Archives
from core.privacy.holders import CORE, Holder, Privacy
from core.privacy.ledger import Ledger

_TABLES: Final = "core.app.tables"


def ledger_in(home: Path) -> Ledger:
    """The list of erased persons in an installation's folder."""
    return Ledger(home / "erasures")


def privacy_of(plugins: Plugins, home: Path) -> Privacy:
    """Gathers core and every installed plugin, those that build on others first.

    Imports their models, so that no table is missed which nothing else here uses.
    """
    import_module(_TABLES)
    holders = []
    for manifest in reversed(plugins.manifests):
        if manifest.models is not None:
            import_module(manifest.models)
        holders.append(
            Holder(
                id=manifest.id,
                title=manifest.title,
                package=(manifest.models or "").rpartition(".")[0] or None,
                hooks=plugins.alone(manifest.id),
            )
        )
    return Privacy(
        holders=[*holders, Holder(CORE, "Account")],
        ledger=ledger_in(home),
        archives=Archives(home / "exports"),
    )
