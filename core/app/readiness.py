"""What must be true before a load balancer may send requests here."""

from collections.abc import Callable, Mapping

from core.app.installation import Installation
from core.errors import AppError
from core.operations.draining import stop_announced
from core.operations.remembering import Remembered


def checks(installation: Installation) -> Mapping[str, Callable[[], str | None]]:
    """The checks by name; each returns None when well, else what is wrong."""
    return {
        "database": lambda: _database(installation),
        # Opens a connection of its own, as the owner, so not at every call.
        "migrations": Remembered(lambda: _migrations(installation)),
        "staying": stop_announced,
    }


def _database(installation: Installation) -> str | None:
    try:
        with installation.units().open(None):
            return None
    except AppError:
        return "The database does not answer."


def _migrations(installation: Installation) -> str | None:
    try:
        pending = installation.migrations.pending()
        with installation.units("operator").open(None) as session:
            off = installation.directory.quarantined(session)
    except Exception as error:  # noqa: BLE001 — whatever it is, we are not ready
        return f"The migrations cannot be read: {type(error).__name__}."
    # What is switched off for every gym keeps nobody from using the rest.
    return "; ".join(line for one, line in pending.items() if one not in off) or None
