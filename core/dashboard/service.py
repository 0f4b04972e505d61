"""What the dashboard shows, whatever one plugin may do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog

from core.clock import utc_now
from core.context import Gym, current, hooks
from core.dashboard import repository
from core.db.unit import session

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Tile:
    """One figure of a plugin.

    Attributes:
        id: Unique within the plugin; the plugin's own id when the figure is missing.
        value: None when the plugin could not give it.
        unit: What is counted: ``sessions``, ``EUR`` …
    """

    id: str
    plugin: str
    title: str
    value: int | float | str | None
    unit: str | None = None

    @property
    def status(self) -> str:
        """``ok``, or ``error`` when the plugin could not give the figure."""
        return "error" if self.value is None else "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """The gym's figures at a glance.

    Attributes:
        new_members_this_month: By the gym's own calendar.
    """

    members: int
    new_members_this_month: int
    staff: int
    failed_notifications: int
    dead_jobs: int
    tiles: list[Tile]


def summary() -> Summary:
    """Gives core's own figures, and the tiles of every plugin that is on."""
    gym = current().require_gym()
    people = repository.count_people(_month_begins(gym, utc_now()))
    return Summary(
        members=people.members,
        new_members_this_month=people.new_members,
        staff=people.staff,
        failed_notifications=repository.count_failed_notifications(),
        dead_jobs=repository.count_dead_jobs(),
        tiles=[tile for given in _contributors() for tile in _tiles(*given, gym)],
    )


def _month_begins(gym: Gym, now: datetime) -> datetime:
    local = now.astimezone(gym.zone)
    first = local.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return first.astimezone(UTC)


def _contributors() -> Iterator[tuple[str, Any]]:
    """The plugins that are on and have tiles, each with its own hook alone."""
    # The library keeps them in the order in which it would call them last to first.
    for found in reversed(hooks().dashboard_tiles.get_hookimpls()):
        yield found.plugin_name, found


def _tiles(plugin: str, found: Any, gym: Gym) -> list[Tile]:
    """A plugin's tiles; one that says there are none to be had when it fails.

    It runs within a savepoint, because after a failed statement the database refuses
    all that follows in the same transaction.
    """
    given = {"gym": gym} if "gym" in found.argnames else {}
    try:
        with session().begin_nested():
            return [_tile(plugin, tile) for tile in found.function(**given)]
    except Exception:
        log.exception("dashboard.tiles_failed", plugin=plugin)
        return [Tile(id=plugin, plugin=plugin, title=plugin, value=None)]


def _tile(plugin: str, tile: Mapping[str, Any]) -> Tile:
    """Takes a tile over.

    Raises:
        KeyError, TypeError: It is none.
    """
    value = tile["value"]
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise TypeError(f"A tile's value is no {type(value).__name__}.")
    return Tile(
        id=str(tile["id"]),
        plugin=plugin,
        title=str(tile["title"]),
        value=value,
        unit=str(tile["unit"]) if tile.get("unit") is not None else None,
    )
