"""The registry of gyms as core knows it; see ``core.plugin.directory``."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from core import context
from core.audit.anchors import Anchors
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.http.ports import OperatorTokens
from core.plugin.manager import Plugins
from tenants import quarantine, repository, usage
from tenants.archive import Home, Site, exports, sweep
from tenants.erasure import Erasure
from tenants.operators import OperatorDesk
from tenants.oplog import note
from tenants.provisioning import Provisioning
from tenants.toggles import Toggles
from tenants.usage import RequestMeter


class Directory(Provisioning):
    """Gyms, operators, quarantine and usage behind one door.

    Args:
        plugins: The installed plugins.
        languages: The language codes that a gym may be set to.
    """

    def __init__(self, plugins: Plugins, languages: Sequence[str]) -> None:
        super().__init__(plugins, languages)
        self._meter = RequestMeter()

    def operators(
        self, tokens: OperatorTokens, units: UnitOfWork, name_key: bytes
    ) -> OperatorDesk:
        """Gives those who run the installation."""
        return OperatorDesk(tokens, units, name_key)

    def count_request(self, tenant_id: UUID) -> None:
        """Counts a request of a gym, in memory."""
        self._meter.count(tenant_id)

    def flush_requests(self, units: UnitOfWork) -> int:
        """Writes what this process counted; returns for how many gyms."""
        return self._meter.flush(units)

    def count_jobs(self, units: UnitOfWork) -> int:
        """Writes down the jobs that each gym had done."""
        return usage.count_jobs(units)

    def begin_erasure(self, units: UnitOfWork, slug: str, anchors: Anchors) -> UUID:
        """Makes a closed gym an erased one; ``finish_erasures`` does the rest.

        Raises:
            TenantUnknown: There is no such gym.
            GymNotClosed: It is not closed.
        """
        return Erasure(units, anchors).begin(slug)

    def finish_erasures(self, units: UnitOfWork, anchors: Anchors) -> int:
        """Deletes what is left of erased gyms; returns of how many."""
        return Erasure(units, anchors).finish_all()

    def work_on_exports(self, home: Home) -> int:
        """Writes the exports that operators asked for; returns how many there were.

        Also clears away the files of imports that were killed.
        """
        site = Site.of(home)
        return exports.work(site) + sweep(site)

    def quarantine(self, units: UnitOfWork, plugin_id: str, reason: str) -> None:
        """Switches a plugin off for every gym, from the next request on.

        Raises:
            NotFound: No such plugin is installed.
        """
        quarantine.begin(units, self._plugins, plugin_id, reason)

    def release(self, units: UnitOfWork, plugin_id: str) -> None:
        """Ends a quarantine; each gym then has what it chose.

        Raises:
            NotFound: No such plugin is installed.
        """
        quarantine.end(units, self._plugins, plugin_id)

    def quarantined(self, session: TenantSession) -> Mapping[str, str]:
        """The plugins in quarantine, each with the reason."""
        return {row.plugin_id: row.reason for row in repository.quarantine(session)}

    def switch(
        self,
        units: UnitOfWork,
        slug: str,
        plugin_id: str,
        *,
        on: bool,
        with_dependants: bool = False,
    ) -> None:
        """Switches a plugin in one gym, as its admin could.

        Raises:
            TenantUnknown: There is no such gym.
            NotFound: No such plugin is installed.
            PluginHasDependants: Others need it, and were not to go with it.
        """
        row, _domains = self.show(units, slug)

        def work(session: TenantSession) -> None:
            context.current().gym = self.load(session, row.id)
            Toggles(self._plugins).change(
                plugin_id, enabled=on, with_dependants=with_dependants
            )
            told = {"plugin": plugin_id, "on": on}
            note(session, "gym.plugin_switched", gym=row, details=told)

        self._run(units, row.id, work)
