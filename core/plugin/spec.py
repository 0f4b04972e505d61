"""Every hook of core, on one page.

A plugin implements the ones it needs on its plugin object, marked with ``hookimpl``.
``hooks.for_tenant(gym)`` calls only the plugins that are on in that gym.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

import click
import pluggy

from core.context import Gym
from core.http.blueprint import Blueprint
from core.jobs.actor import JobActor
from core.jobs.events import Subscription
from core.jobs.schedule import Every
from core.plugin.directory import TenantDirectory
from core.plugin.integration import Integration
from core.plugin.purposes import FilePurpose
from core.plugin.reminder import ReminderKind

PROJECT = "palestra"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class CoreHooks:
    """Core's hook specifications."""

    @hookspec
    def blueprints(self) -> Sequence[Blueprint]:
        """Gives the plugin's routes; called once, at start-up."""

    @hookspec
    def commands(self) -> Sequence[click.Command]:
        """Gives the plugin's own commands, shown as ``palestra <plugin-id> …``."""

    @hookspec(firstresult=True)
    def tenant_directory(
        self, plugins: Any, languages: Sequence[str]
    ) -> TenantDirectory:
        """Gives the registry of gyms, told the ``Plugins`` and the languages."""

    @hookspec
    def enabled(self, gym: Gym) -> None:
        """Tells a plugin that it was just switched on in ``gym``."""

    @hookspec
    def actors(self) -> Sequence[JobActor[Any]]:
        """Gives the actors that run the plugin's jobs; called once, at start-up."""

    @hookspec
    def schedules(self) -> Sequence[Every]:
        """Gives the plugin's recurring jobs; called once, at start-up."""

    @hookspec
    def subscribers(self) -> Sequence[Subscription]:
        """Gives the events the plugin listens to, each with the actor it is told by."""

    @hookspec
    def templates(self) -> Path:
        """Gives the folder of the plugin's message templates; called at start-up."""

    @hookspec
    def integrations(self) -> Sequence[Integration]:
        """Gives the outside services that gyms set up for the plugin."""

    @hookspec
    def reminder_kinds(self) -> Sequence[ReminderKind]:
        """Gives what people are reminded of in time, with the rules to begin with."""

    @hookspec
    def file_purposes(self) -> Sequence[FilePurpose]:
        """Gives the kinds of files that people may upload for the plugin."""

    @hookspec
    def demo_data(self, gym: Gym, users: Mapping[str, Sequence[UUID]]) -> None:
        """Fills a demo gym, given its user ids by role; runs in plugin order."""

    @hookspec
    def user_created(self, gym: Gym, user_id: UUID, role: str) -> None:
        """Tells of an account that was just opened, by staff or by the person."""

    @hookspec(firstresult=True)
    def login_challenge(
        self, gym: Gym, address: str | None, failures: int, answer: str | None
    ) -> Mapping[str, Any] | None:
        """Says what a caller must solve before a password is looked at.

        Args:
            gym: Where somebody logs in.
            address: The caller's.
            failures: How many log-ins to this account failed lately.
            answer: The header ``X-Challenge``, the answer to an earlier challenge.

        Returns:
            JSON-ready details for the caller; None lets the log-in go on.
        """

    @hookspec
    def usage_figures(self, gym: Gym) -> Mapping[str, int]:
        """Gives figures of what ``gym`` uses, for the operator, such as sessions."""

    @hookspec
    def export_person(
        self, gym: Gym, person_id: UUID
    ) -> Mapping[str, bytes | Iterable[bytes]]:
        """Gives documents about a person beyond rows: file name → bytes.

        Rows are exported as their models declare. Called while the plugin is off, too.
        """

    @hookspec
    def erase_person(self, gym: Gym, person_id: UUID) -> Sequence[str]:
        """Settles what erasing a person leaves open; gives lines for the report.

        Called before the plugin's rows go as their models declare, while the plugin is
        off, too, and again when an attempt failed: what is settled must stay so.
        """

    @hookspec
    def dashboard_tiles(self, gym: Gym) -> Sequence[Mapping[str, Any]]:
        """Gives tiles for the admin's dashboard: id, title, value, unit."""
