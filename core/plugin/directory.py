"""What core must be able to ask about gyms, whoever keeps their registry."""

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, Protocol, TypedDict, Unpack
from uuid import UUID

from core.context import Gym
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.http.ports import Operators, OperatorTokens


class NewGym(TypedDict):
    """A gym to be created, with its first admin.

    Attributes:
        slug: 3 to 40 lower-case letters, digits and single hyphens.
        timezone: IANA name.
        locale: One of the languages that the installation supports.
        currency: ISO 4217 code.
        admin_password: In clear; give this or ``admin_password_hash``.
        admin_password_hash: As ``core.auth`` makes it.
        domains: Domains of the gym's own that lead to it.
        plugins_on: Plugins that start switched on, whatever their default.
        plugins_off: Plugins that start switched off, whatever their default.
        limits: ``members``, ``staff``, ``storageBytes``, ``requestsPerMinute``.
        cors_origins: Origins of web pages that may call the gym's API.
    """

    slug: str
    name: str
    timezone: str
    locale: str
    currency: str
    admin_email: str
    admin_name: str
    admin_password: NotRequired[str]
    admin_password_hash: NotRequired[str]
    domains: NotRequired[Sequence[str]]
    plugins_on: NotRequired[Sequence[str]]
    plugins_off: NotRequired[Sequence[str]]
    limits: NotRequired[Mapping[str, int]]
    cors_origins: NotRequired[Sequence[str]]


class TenantDirectory(Protocol):
    """The registry of gyms.

    Attributes:
        epoch: Table of one row whose ``version`` counts for every gym; see
            ``core.db.session.TenantSession``.
    """

    epoch: str

    def find(
        self, session: TenantSession, *, slug: str | None, host: str | None
    ) -> UUID | None:
        """Finds a gym by its slug or by one of its own domains."""

    def load(self, session: TenantSession, tenant_id: UUID) -> Gym | None:
        """Reads everything a process caches about a gym; None when it is gone."""

    def slugs(self, session: TenantSession) -> Sequence[str]:
        """Names every gym that is not erased."""

    def ids(self, session: TenantSession) -> Sequence[UUID]:
        """The id of every gym that is not erased, whatever its status."""

    def clocks(self, session: TenantSession) -> Sequence[tuple[UUID, str]]:
        """The id and IANA time zone of every active gym."""

    def operators(
        self, tokens: OperatorTokens, units: UnitOfWork, name_key: bytes
    ) -> Operators:
        """Gives those who run the installation.

        Args:
            tokens: Of operators.
            units: Units of work on the operator's connection.
            name_key: Masks the log-in names under which attempts are counted.
        """

    def count_request(self, tenant_id: UUID) -> None:
        """Counts a request of a gym, in memory."""

    def flush_requests(self, units: UnitOfWork) -> int:
        """Writes what this process counted; returns for how many gyms.

        Args:
            units: Units of work on the operator's connection.
        """

    def count_jobs(self, units: UnitOfWork) -> int:
        """Writes down the jobs that each gym had done, before they are cleared away.

        Args:
            units: Units of work on the operator's connection.

        Returns:
            For how many gyms.
        """

    def finish_erasures(self, units: UnitOfWork, anchors: Any) -> int:
        """Deletes what is left of the gyms whose erasure was begun.

        Args:
            units: Units of work on the operator's connection.
            anchors: ``core.audit.anchors.Anchors`` of the installation.

        Returns:
            Of how many gyms something was left.
        """

    def work_on_exports(self, home: Any) -> int:
        """Writes the exports of gyms that operators asked for.

        Args:
            home: The ``core.app.installation.Installation``.

        Returns:
            How many were written, or deleted for their age, and how many imports were
            killed and are cleared away now.
        """

    def quarantine(self, units: UnitOfWork, plugin_id: str, reason: str) -> None:
        """Switches a plugin off for every gym, from the next request on.

        Args:
            units: Units of work on the operator's connection.
            plugin_id: Which plugin.
            reason: For whoever finds it switched off.

        Raises:
            NotFound: No such plugin is installed.
        """

    def release(self, units: UnitOfWork, plugin_id: str) -> None:
        """Ends a quarantine; each gym then has what it chose.

        Raises:
            NotFound: No such plugin is installed.
        """

    def quarantined(self, session: TenantSession) -> Mapping[str, str]:
        """The plugins in quarantine, each with the reason."""

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
            AppError: Others need it, and were not to go with it.
        """

    def store_settings(
        self, session: TenantSession, tenant_id: UUID, values: Mapping[str, Any]
    ) -> None:
        """Stores gym settings that were validated before."""

    def create(self, units: UnitOfWork, **wanted: Unpack[NewGym]) -> UUID:
        """Creates a gym with its first admin in one transaction.

        Asked again for the same slug and admin, it changes nothing.

        Args:
            units: Units of work on the operator's connection.
            **wanted: The gym.

        Returns:
            The gym's id.

        Raises:
            AppError: It cannot be created like this, or the slug or a domain is
                another gym's.
        """
