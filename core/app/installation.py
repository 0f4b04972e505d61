"""One installation: its settings, database, plugins and gyms, built once a process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from itertools import chain
from typing import Literal, Self
from uuid import UUID

from core import context
from core.access import Permission
from core.app.parts import PARTS
from core.app.people import ledger_in, privacy_of
from core.app.reach import RowReach
from core.audit.anchors import Anchors
from core.audit.person_keys import PersonKeys
from core.audit.recorder import AuditRecorder
from core.auth.addresses import AccountAddresses
from core.config import Settings
from core.config.sealed_file import SealedFile
from core.config.secrets import derive_key
from core.config.vault import Vault
from core.context import SYSTEM, Actor, Context, Gym
from core.db import roles
from core.db.embedded import EmbeddedPostgres
from core.db.engine import Databases
from core.db.migrate import ENVIRONMENT, Migrations, Stream
from core.db.services import Services
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.errors import NotFound, PluginInUse, TenantUnknown
from core.files.desk import FileDesk
from core.files.purposes import OWN as OWN_PURPOSES
from core.files.service import is_ready
from core.files.store import FileStore
from core.ids import new_id
from core.integrations.catalogue import by_name
from core.jobs.events import Listeners
from core.notifications.office import PostOffice, link_key
from core.outbound.guard import Guard
from core.plugin.directory import TenantDirectory
from core.plugin.gyms import GymCache
from core.plugin.manager import Plugins
from core.plugin.purposes import FileCheck
from core.plugin.purposes import by_name as purposes_by_name
from core.privacy.holders import Privacy
from core.privacy.ledger import Ledger
from core.webhooks import announce
from core.webhooks.catalog import Catalog
from core.webhooks.sender import Sender

DATABASE = "palestra"
"""Name of the database on the embedded server."""

_SHOWN_GYMS = 5

Purpose = Literal["app", "operator"]


class Installation:
    """Everything that requests, jobs and commands share.

    Nothing is started by constructing it; each part starts when it is first needed,
    so that a command which needs no database opens none.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        plugins: Plugins | None = None,
        postgres_settings: Mapping[str, str] | None = None,
    ) -> None:
        self.settings = settings
        self._plugins = plugins
        self._starts_without_faulty = False
        self._postgres_settings = postgres_settings
        self._server: EmbeddedPostgres | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Closes the pools and leaves the embedded server; safe to call twice."""
        databases = self.__dict__.pop("databases", None)
        if databases is not None:
            databases.dispose()
        if self._server is not None:
            self._server.stop()
            self._server = None

    @cached_property
    def plugins(self) -> Plugins:
        """The installed plugins."""
        if self._plugins is not None:
            return self._plugins
        if self._starts_without_faulty:
            return Plugins.discover_sound()
        return Plugins.discover()

    def start_without_faulty_plugins(self) -> None:
        """In production, leaves out plugins that do not load, instead of stopping.

        For the processes that serve and work. Commands, tests and upgrades stop at such
        a plugin, so that it does not get as far as here.
        """
        self._starts_without_faulty = self.settings.server.is_production

    @cached_property
    def post_office(self) -> PostOffice:
        """What sending messages takes."""
        return PostOffice.of(
            self.settings,
            folders=self.plugins.all_gyms.templates(),
            addresses=AccountAddresses(),
        )

    @cached_property
    def services(self) -> Services:
        """What units of work find besides the database.

        Raises:
            TemplateDefect: A template breaks a rule.
        """
        services = Services()
        services.offer(Vault, lambda: self.vault)
        by_name(self.plugins.all_gyms.integrations())  # now, so that a clash stops us
        post_office = self.post_office  # now, so that a faulty template stops us here
        services.offer(PostOffice, lambda: post_office)
        services.offer(Listeners, lambda: Listeners(announce))
        services.offer(Catalog, self._catalog)
        services.offer(Guard, lambda: Guard.of(self.settings))
        services.offer(Sender, lambda: Sender.of(self.settings))
        purposes_by_name(chain(OWN_PURPOSES, *self.plugins.all_gyms.file_purposes()))
        services.offer(FileDesk, lambda: FileDesk.of(self.settings, reach=RowReach()))
        services.offer(FileStore, lambda: services.get(FileDesk).store)
        services.offer(FileCheck, lambda: FileCheck(is_ready))
        services.offer(Privacy, self._privacy)
        return services

    def _privacy(self) -> Privacy:
        return privacy_of(self.plugins, self.settings.server.home)

    def _catalog(self) -> Catalog:
        own = chain.from_iterable(part.webhook_types for part in PARTS)
        return Catalog.of(own, self.plugins.manifests)

    @cached_property
    def databases(self) -> Databases:
        """The pools, with what their units of work find through them."""
        databases = self._connected()
        self.services.serve(databases.app, databases.operator)
        return databases

    def _connected(self) -> Databases:
        """The pools; starts the embedded server where no other one is configured."""
        settings = self.settings.database
        if settings.url is not None:
            return Databases.connect(
                settings,
                app=_for_psycopg(settings.url),
                operator=_for_psycopg(settings.operator_url or settings.url),
                owner=_for_psycopg(settings.owner_url or settings.url),
            )
        server = self._start_server()
        return Databases.connect(
            settings,
            app=server.url(user=roles.APP, database=DATABASE),
            operator=server.url(user=roles.OPERATOR, database=DATABASE),
            owner=server.url(user=roles.OWNER, database=DATABASE),
        )

    @property
    def backup_url(self) -> str:
        """Where backups read the rows of every gym."""
        owner = self.databases.owner_url
        wanted = self.settings.backup.database_url
        if wanted is not None:
            return _for_psycopg(wanted)
        if self._server is not None:
            return self._server.url(user="postgres", database=DATABASE)
        return owner

    @cached_property
    def migrations(self) -> Migrations:
        """The migration streams of core and of every plugin with tables."""
        own = Stream("core", ENVIRONMENT / "versions", "core.app.tables")
        return Migrations(self.databases.owner_url, [own, *self.plugins.streams()])

    @cached_property
    def directory(self) -> TenantDirectory:
        """The registry of gyms."""
        directory: TenantDirectory = self.plugins.all_gyms.tenant_directory(
            plugins=self.plugins, languages=self.settings.language.supported
        )
        return directory

    @cached_property
    def gyms(self) -> GymCache:
        """The gyms as this process knows them."""
        return GymCache(self.directory, self.units(), self.settings.server.base_domain)

    @property
    def permissions(self) -> Mapping[str, Permission]:
        """Every permission that core and the plugins declare, by name."""
        declared = [*chain.from_iterable(part.permissions for part in PARTS)]
        for manifest in self.plugins.manifests:
            declared += manifest.permissions
        return {permission.name: permission for permission in declared}

    @cached_property
    def vault(self) -> Vault:
        """Seals what is stored and must be read again."""
        return Vault(self.settings)

    @cached_property
    def recorder(self) -> AuditRecorder:
        """Writes the audit log; it keeps the keys of people that it meets."""
        return AuditRecorder(PersonKeys(self.vault))

    @cached_property
    def anchors(self) -> Anchors:
        """What the chains over the audit log were, kept outside the database."""
        folder = self.settings.server.home / "anchors"
        return Anchors(folder, self.anchor_key.read())

    @property
    def sealed_files(self) -> Mapping[str, SealedFile]:
        """Secrets in files, which a rotation of the master key seals anew."""
        return {"anchors": self.anchor_key, "links": link_key(self.settings)}

    @property
    def anchor_key(self) -> SealedFile:
        """The key of the anchors, which stays the same when master keys change."""
        return SealedFile(
            self.settings.server.home / "anchors" / "key.sealed",
            self.vault,
            first=lambda: derive_key(self.settings, "audit-anchor"),
        )

    @property
    def ledger(self) -> Ledger:
        """The list of erased persons, kept outside the database."""
        return ledger_in(self.settings.server.home)

    def units(self, role: Purpose = "app") -> UnitOfWork:
        """Units of work on the connection of one purpose."""
        engine = self.databases.app if role == "app" else self.databases.operator
        return UnitOfWork(engine, self.recorder, epoch=self.directory.epoch)

    def usage_of(self, gym: Gym) -> Mapping[str, int]:
        """Figures of what ``gym`` uses, from core and from the plugins on in it.

        Args:
            gym: The gym of the unit of work that is open.
        """
        told = [part.usage() for part in PARTS if part.usage is not None]
        told += self.plugins.for_tenant(gym).usage_figures(gym=gym)
        return {name: figure for figures in told for name, figure in figures.items()}

    def flush_requests(self) -> int:
        """Writes how many requests this process served; says for how many gyms."""
        return self.directory.flush_requests(self.units("operator"))

    def find_gym(self, slug: str) -> UUID:
        """Looks a gym up by its slug.

        Raises:
            TenantUnknown: There is none.
        """
        with self.units("operator").open(None) as session:
            found = self.directory.find(session, slug=slug, host=None)
        if found is None:
            raise TenantUnknown(f"There is no gym {slug!r}.")
        return found

    @contextmanager
    def in_gym(
        self,
        tenant_id: UUID,
        *,
        actor: Actor = SYSTEM,
        role: Purpose = "app",
        trace_id: str | None = None,
    ) -> Iterator[tuple[TenantSession, Gym]]:
        """Opens a unit of work inside a gym, with its context, for code without HTTP.

        Raises:
            TenantUnknown: The gym is gone.
        """
        here = Context(
            trace_id=trace_id or str(new_id()),
            actor=actor,
            hooks_for=self.plugins.for_tenant,
        )
        units = self.units(role)
        with (
            context.use(here),
            units.open(tenant_id, probe=(tenant_id,)) as session,
        ):
            gym = self.gyms.at_version(
                session, tenant_id, session.versions.get(tenant_id)
            )
            if gym is None:
                raise TenantUnknown
            here.gym = gym
            yield session, gym

    def purge_plugin(self, plugin_id: str) -> None:
        """Drops the tables of a plugin that no gym has on, with all their rows.

        It is put in quarantine first, so that no gym can switch it on meanwhile.

        Raises:
            NotFound: No such plugin is installed, or it has no tables, or no gym may do
                without it.
            PluginInUse: A gym has it on.
            CommandError: Its migrations do not go down.
        """
        streams = {stream.id for stream in self.plugins.streams()}
        if plugin_id not in streams & self.plugins.switchable:
            raise NotFound(f"There is no plugin {plugin_id} with tables.")
        users = self._gyms_with(plugin_id)
        if users:
            details = {"gyms": users[:_SHOWN_GYMS], "count": len(users)}
            raise PluginInUse(details=details)
        reason = "Its data was purged."
        self.directory.quarantine(self.units("operator"), plugin_id, reason)
        self.migrations.downgrade(plugin_id, "base")

    def _gyms_with(self, plugin_id: str) -> list[str]:
        """Slugs of the gyms in which a plugin is on."""
        with self.units("operator").open(None) as session:
            gyms = self.directory.ids(session)
        found = []
        for tenant_id in gyms:
            with self.in_gym(tenant_id) as (_session, gym):
                if plugin_id in gym.plugins:
                    found.append(gym.slug)
        return sorted(found)

    def keep_server_up(self) -> int:
        """Starts the embedded server again when it has died; called now and then.

        Returns:
            0, as there is never more to do at once.
        """
        if self._server is not None:
            self._server.start()
        return 0

    def _start_server(self) -> EmbeddedPostgres:
        server = EmbeddedPostgres(
            self.settings.server.home, settings=self._postgres_settings
        )
        server.start()
        self._server = server
        admin = server.url(user="postgres", database="postgres")
        roles.ensure(_for_libpq(admin), DATABASE)
        return server


def _for_psycopg(url: str) -> str:
    """Names the driver in a PostgreSQL URL, whichever of its schemes was used."""
    _scheme, _, rest = url.partition("://")
    return f"postgresql+psycopg://{rest}"


def _for_libpq(url: str) -> str:
    """Takes the driver's name out of a PostgreSQL URL."""
    _scheme, _, rest = url.partition("://")
    return f"postgresql://{rest}"
