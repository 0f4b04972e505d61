"""Small plugins, as many as are wanted, each with a bit of everything.

A plugin of the trial has a route, two implementations of hooks, an actor and a
subscription: what a small feature brings along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import make_dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Any, Final

from core.context import Gym
from core.http.blueprint import Blueprint
from core.jobs.actor import JobActor, WhenOff, actor
from core.jobs.events import Subscription
from core.plugin.manager import GROUP, Plugin, Plugins
from core.plugin.manifest import Manifest
from core.plugin.spec import hookimpl
from plugins.scheduling.hooks import SessionBooked

_OURS: Final = ("members", "scheduling", "tenants")


class Made:
    """A plugin of the trial.

    Args:
        number: From 1 to 99; it names the plugin.
        event: What it listens to; an event of its own, which nobody emits, when left
            out.
    """

    def __init__(self, number: int, event: type[Any] | None = None) -> None:
        name = f"made{number:02}"
        self.manifest = Manifest(
            id=name,
            title=f"Made {number}",
            summary="A plugin of the trial of growth.",
            version="1.0.0",
        )
        self._routes = _routes(name)
        heard = event or make_dataclass(f"Done{number:02}", ["number"], frozen=True)
        self._actor = _actor(name, heard)
        self._heard: Subscription = (heard, self._actor)

    @hookimpl
    def blueprints(self) -> Sequence[Blueprint]:
        return (self._routes,)

    @hookimpl
    def actors(self) -> Sequence[JobActor[Any]]:
        return (self._actor,)

    @hookimpl
    def subscribers(self) -> Sequence[Subscription]:
        return (self._heard,)

    @hookimpl
    def dashboard_tiles(self, gym: Gym) -> Sequence[Mapping[str, Any]]:
        name = self.manifest.id
        return (
            {"id": name, "title": name, "value": len(gym.slug), "unit": "letters"},
        )  # fmt: skip


def _routes(name: str) -> Blueprint:
    blueprint = Blueprint(name, prefix=f"/{name}", tag=name, owner=name)

    @blueprint.get(summary="Says its name", signed_in=True)
    def index() -> Mapping[str, Any]:
        return {"name": name}

    return blueprint


def _actor(name: str, heard: type[Any]) -> JobActor[Any]:
    def told(event: Any) -> None:
        """Has nothing to do: what is measured is the telling."""

    told.__annotations__["event"] = heard
    return actor(f"{name}.told", when_off=WhenOff.DROP)(told)


def plugins(many: int, *, all_listen: bool = False) -> Plugins:
    """Members, scheduling and as many made ones as it takes.

    Args:
        many: How many in all, besides the registry of gyms.
        all_listen: Whether the made ones listen to bookings.
    """
    event = SessionBooked if all_listen else None
    ours = [
        _loaded(entry) for entry in entry_points(group=GROUP) if entry.name in _OURS
    ]
    made: list[Plugin] = [Made(number, event) for number in range(1, many - 1)]
    return Plugins([*ours, *made])


def _loaded(entry: EntryPoint) -> Plugin:
    plugin: Plugin = entry.load()
    return plugin
