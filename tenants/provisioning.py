"""Creating gyms and changing their status: what only the operator does."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, Unpack
from uuid import UUID
from zoneinfo import available_timezones

import structlog
from babel.numbers import list_currencies
from psycopg.errors import UniqueViolation
from sqlalchemy.exc import IntegrityError

from core import context
from core.access import Role
from core.context import OPERATOR, Context, current_or_none
from core.db.session import TenantSession
from core.db.unit import UnitOfWork
from core.errors import TenantUnknown
from core.ids import new_id
from core.plugin.directory import NewGym
from core.plugin.manager import Plugins
from core.sdk.users import create_user, find_user_by_email
from tenants import registry, repository
from tenants.errors import DomainTaken, GymExists, GymInvalid
from tenants.models import LIMITS, GymDomain, GymRow, GymStatus
from tenants.resolution import Resolution, is_domain, is_slug

RESERVED = frozenset(
    {
        "admin", "api", "app", "assets", "auth", "autoconfig", "billing", "blog", "cdn",
        "dashboard", "demo", "dev", "docs", "ftp", "health", "help", "imap",
        "localhost", "login", "mail", "metrics", "mta-sts", "ns1", "ns2", "openapi",
        "operator", "palestra", "platform", "pop", "pop3", "ready", "root", "smtp",
        "staging", "static", "status", "support", "system", "test", "webhook",
        "webhooks", "webmail", "well-known", "www",
    }
)  # fmt: skip
"""Slugs that would pass for the platform itself, or for a mail or name server."""

Result = TypeVar("Result")

log = structlog.get_logger(__name__)

_MAX_NAME = 120


class Provisioning(Resolution):
    """The registry with its writing side.

    Args:
        plugins: The installed plugins.
        languages: The language codes that a gym may be set to.
    """

    def __init__(self, plugins: Plugins, languages: Sequence[str]) -> None:
        super().__init__(plugins.manifests)
        self._plugins = plugins
        self._languages = tuple(languages)

    def create(self, units: UnitOfWork, **wanted: Unpack[NewGym]) -> UUID:
        """Creates a gym with its first admin in one transaction.

        The same slug with the same admin again changes nothing, also when it is asked
        for at the same moment: the slower one waits for the slug and finds the gym.

        Args:
            units: Units of work on the operator's connection.
            **wanted: The gym.

        Returns:
            The gym's id.

        Raises:
            GymInvalid: It cannot be created like this.
            GymExists: The slug belongs to a gym with another admin.
            DomainTaken: A domain leads to another gym.
        """
        plan = _in_one_form(wanted)
        faults = dict(self._faults(plan))
        if faults:
            raise GymInvalid(_sentence(faults), details=faults)
        existing = _find(units, plan["slug"])
        if existing is not None:
            return self._the_same(units, existing, plan)
        gym_id = new_id()
        try:
            self._run(units, gym_id, lambda session: self._write(session, gym_id, plan))
        except IntegrityError as error:
            return self._after_race(units, plan, error)
        log.info("gym.created", gym=plan["slug"])
        return gym_id

    def rows(self, units: UnitOfWork) -> Sequence[GymRow]:
        """Every gym, by slug, for the operator."""
        with units.open(None) as session:
            return repository.all_gyms(session)

    def show(self, units: UnitOfWork, slug: str) -> tuple[GymRow, Sequence[str]]:
        """One gym with its domains, for the operator.

        Raises:
            TenantUnknown: There is none with this slug.
        """
        with units.open(None) as session:
            gym_id = repository.find_id_by_slug(session, slug)
            row = repository.find_gym(session, gym_id) if gym_id else None
            if row is None:
                raise TenantUnknown(f"There is no gym {slug!r}.")
            return row, repository.domains_of(session, row.id)

    def change_status(self, units: UnitOfWork, slug: str, status: GymStatus) -> GymRow:
        """Suspends, resumes or closes a gym, from the next request on.

        Raises:
            TenantUnknown: There is none with this slug.
            GymClosed: It is closed, which is final.
        """
        gym_id = _find(units, slug)
        if gym_id is None:
            raise TenantUnknown(f"There is no gym {slug!r}.")
        return self._run(
            units,
            gym_id,
            lambda session: registry.change_status(session, gym_id, status),
        )

    def change(
        self, units: UnitOfWork, gym_id: UUID, changes: Mapping[str, Any]
    ) -> GymRow:
        """Changes what the operator keeps of a gym; see ``registry.change_gym``.

        Raises:
            TenantUnknown: There is no such gym.
            GymClosed: It is closed.
            GymInvalid: It cannot be like this.
            DomainTaken: A domain leads to another gym.
        """
        wanted = dict(changes)
        if "domains" in wanted:
            wanted["domains"] = _domains_in_one_form(wanted["domains"])
        if "name" in wanted:
            wanted["name"] = wanted["name"].strip()
        faults = dict(self._faults_of_change(wanted))
        if faults:
            raise GymInvalid(_sentence(faults), details=faults)
        self.get(units, gym_id)
        try:
            return self._run(
                units,
                gym_id,
                lambda session: registry.change_gym(session, gym_id, wanted),
            )
        except IntegrityError as error:
            if _table_of_double(error) == GymDomain.__tablename__:
                raise DomainTaken from error
            raise

    def get(self, units: UnitOfWork, gym_id: UUID) -> tuple[GymRow, Sequence[str]]:
        """One gym with its domains, by id.

        Raises:
            TenantUnknown: There is none with this id.
        """
        with units.open(None) as session:
            row = repository.find_gym(session, gym_id)
            if row is None:
                raise TenantUnknown("There is no such gym.")
            return row, repository.domains_of(session, gym_id)

    def set_status(self, units: UnitOfWork, gym_id: UUID, status: GymStatus) -> GymRow:
        """As ``change_status``, by id."""
        row, _domains = self.get(units, gym_id)
        return self.change_status(units, row.slug, status)

    def _run(
        self,
        units: UnitOfWork,
        gym_id: UUID,
        work: Callable[[TenantSession], Result],
    ) -> Result:
        """Runs ``work`` for the operator in a gym that may not exist yet."""
        outer = current_or_none()
        by_operator = outer is not None and outer.actor.kind == OPERATOR.kind
        here = Context(
            trace_id=outer.trace_id if outer else str(new_id()),
            actor=outer.actor if outer and by_operator else OPERATOR,
            address=outer.address if outer else None,
            hooks_for=self._plugins.for_tenant,
        )
        with context.use(here):
            return units.run(work, tenant_id=gym_id)

    def _write(self, session: TenantSession, gym_id: UUID, plan: NewGym) -> None:
        """Writes the whole gym, and lets the plugins that start on do their part."""
        registry.add_gym(session, gym_id, plan)
        gym = self.load(session, gym_id)
        if gym is None:
            raise TenantUnknown
        context.current().gym = gym
        create_user(
            email=plan["admin_email"],
            name=plan["admin_name"],
            role=Role.ADMIN,
            password=plan.get("admin_password"),
            password_hash=plan.get("admin_password_hash"),
        )
        self._plugins.for_tenant(gym).enabled(gym=gym)
        session.flush()

    def _the_same(self, units: UnitOfWork, gym_id: UUID, plan: NewGym) -> UUID:
        """Answers a create that was done before.

        Raises:
            GymExists: It was done for somebody else.
        """

        def is_admin(session: TenantSession) -> bool:
            context.current().gym = self.load(session, gym_id)
            user = find_user_by_email(plan["admin_email"])
            return user is not None and user.role == Role.ADMIN

        if not self._run(units, gym_id, is_admin):
            raise GymExists(details={"slug": plan["slug"]})
        return gym_id

    def _after_race(
        self, units: UnitOfWork, plan: NewGym, error: IntegrityError
    ) -> UUID:
        """Answers a create that another one overtook.

        Raises:
            DomainTaken: The other one took a domain.
            GymExists: The other one took the slug for somebody else.
        """
        table = _table_of_double(error)
        if table == GymDomain.__tablename__:
            raise DomainTaken from error
        existing = _find(units, plan["slug"])
        if table != GymRow.__tablename__ or existing is None:
            raise error
        return self._the_same(units, existing, plan)

    def _faults(self, plan: NewGym) -> Iterator[tuple[str, str]]:
        """Names every part that is wrong, and why."""
        if not is_slug(plan["slug"]):
            yield "slug", "takes 3 to 40 lower-case letters, digits, single hyphens"
        if plan["slug"] in RESERVED:
            yield "slug", "is reserved"
        if plan["currency"] not in list_currencies():
            yield "currency", "is no ISO 4217 code, such as EUR"
        yield from self._faults_of_change(plan)
        yield from self._plan_faults(plan)

    def _faults_of_change(self, plan: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Names what is wrong with the parts that may change later."""
        if "name" in plan and not 1 <= len(plan["name"]) <= _MAX_NAME:
            yield "name", f"takes 1 to {_MAX_NAME} characters"
        if "timezone" in plan and plan["timezone"] not in available_timezones():
            yield "timezone", "is no IANA time zone, such as Europe/Berlin"
        if "locale" in plan and plan["locale"] not in self._languages:
            yield "locale", f"is none of: {', '.join(self._languages)}"
        if not all(map(is_domain, plan.get("domains", ()))):
            yield "domains", "are host names, such as gym.example.com"
        limits = plan.get("limits", {})
        given = [number for number in limits.values() if number is not None]
        if not set(limits).issubset(LIMITS) or min(given, default=1) < 1:
            yield "limits", f"are whole numbers from 1 for: {', '.join(LIMITS)}"

    def _plan_faults(self, plan: NewGym) -> Iterator[tuple[str, str]]:
        if ("admin_password" in plan) == ("admin_password_hash" in plan):
            yield "admin_password", "is needed: one, in clear or as a hash"
        on, off = set(plan.get("plugins_on", ())), set(plan.get("plugins_off", ()))
        if not self._plugins.switchable.issuperset(on | off) or on & off:
            yield (
                "plugins",
                f"are, each once: {', '.join(sorted(self._plugins.switchable))}",
            )


def _in_one_form(wanted: NewGym) -> NewGym:
    plan = wanted.copy()
    plan["slug"] = wanted["slug"].strip().lower()
    plan["name"] = wanted["name"].strip()
    plan["admin_email"] = wanted["admin_email"].strip()
    plan["currency"] = wanted["currency"].strip().upper()
    plan["domains"] = _domains_in_one_form(wanted.get("domains", ()))
    return plan


def _domains_in_one_form(given: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(one.strip().lower().rstrip(".") for one in given))


def _table_of_double(error: IntegrityError) -> str | None:
    """In which table there would be two of a kind; None for another fault."""
    if not isinstance(error.orig, UniqueViolation):
        return None
    return error.orig.diag.table_name


def _sentence(faults: Mapping[str, str]) -> str:
    said = "; ".join(f"{part} {fault}" for part, fault in faults.items())
    return f"A gym cannot be like this: {said}."


def _find(units: UnitOfWork, slug: str) -> UUID | None:
    with units.open(None) as session:
        return repository.find_id_by_slug(session, slug)
