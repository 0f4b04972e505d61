"""All SQL of members. Lists and views read columns, joined with the user's own."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar, TypeVar, cast
from uuid import UUID

from sqlalchemy import Row, Select, func, or_, select

from core.sdk.base import Page, SortKey
from core.sdk.data import (
    Listing,
    Repository,
    Statement,
    TenantModel,
    among,
    contains,
    given,
    insert_new,
    session,
)
from core.sdk.rights import require_client
from core.sdk.users import User
from plugins.members.domain import ClientStatus, tidy_tag
from plugins.members.models import Assignment, Client, Coach, Gender

Profile = TypeVar("Profile", bound=TenantModel)


_CLIENT = select(
    Client.id,
    Client.id.label("user_id"),
    User.name,
    User.email,
    User.phone,
    User.status.label("account_status"),
    Client.status,
    Client.status_since,
    Client.date_of_birth,
    Client.gender,
    Client.emergency_contact,
    Client.goals,
    Client.preferences,
    Client.tags,
    Client.terms_version,
    Client.terms_accepted_at,
    Client.assigned_coach_id,
    Client.version,
    Client.created_at,
    Client.updated_at,
).join(User, User.id == Client.id)
_COACH = select(
    Coach.id,
    Coach.id.label("user_id"),
    User.name,
    User.status.label("account_status"),
    Coach.specialties,
    Coach.bio,
    Coach.certifications,
    Coach.version,
    Coach.created_at,
    Coach.updated_at,
).join(User, User.id == Coach.id)

_CLIENTS = Listing(
    _CLIENT,
    {
        "status": Client.status == given("status"),
        "coach_id": Client.assigned_coach_id == given("coach_id"),
        "tags": Client.tags.contains(given("tags")),
        "q": or_(contains(User.name, "q"), contains(User.email, "q")),
    },
)
_ONE_CLIENT = Statement(_CLIENT.where(Client.id == given("id")))
_COACHES = Listing(
    _COACH.where(User.erased_at.is_(None)),
    {
        "specialties": Coach.specialties.contains(given("specialties")),
        "q": contains(User.name, "q"),
    },
)
_ONE_COACH = Statement(_COACH.where(Coach.id == given("id")))
_CLIENT_IS_THERE = Statement(select(Client.id).where(Client.id == given("id")))
_COACH_IS_THERE = Statement(select(Coach.id).where(Coach.id == given("id")))
_BOTH_ARE_THERE = Statement(
    select(
        select(Client.id)
        .where(Client.id == given("client_id"))
        .scalar_subquery()
        .label("client"),
        select(Coach.id)
        .where(Coach.id == given("coach_id"))
        .scalar_subquery()
        .label("coach"),
    )
)
_COACH_OF = Statement(select(Client.assigned_coach_id).where(Client.id == given("id")))
_RUNNING_WITH = Statement(
    select(Client)
    .where(
        Client.assigned_coach_id.is_not(None),
        or_(
            Client.assigned_coach_id == given("person_id"),
            Client.id == given("person_id"),
        ),
    )
    .order_by(Client.id)
    .with_for_update(),
    refresh=True,
)
_WITHOUT_COACH = Statement(
    select(Client.id)
    .where(among(Client.id, "ids"), Client.assigned_coach_id.is_(None))
    .order_by(Client.id)
)
_COUNT = Statement(
    select(func.count(Client.id)).where(Client.status == given("status"))
)
_RUNNING = Statement(
    select(Assignment).where(
        Assignment.client_id == given("client_id"), Assignment.ended_at.is_(None)
    )
)
_LIVING = Statement(
    select(User).where(User.id == given("id"), User.erased_at.is_(None))
)
_ACCOUNTS = Statement(
    select(User.id, User.status)
    .where(User.role == given("role"), User.erased_at.is_(None))
    .order_by(User.id)
)
_GENDERS = Statement(select(Gender).order_by(Gender.position))
_GENDER = Statement(select(Gender.code).where(Gender.code == given("code")))
_ASSIGNMENTS = Listing(
    cast(
        "Select[Any]",
        select(
            Assignment.id,
            Assignment.client_id,
            Assignment.coach_id,
            User.name.label("coach_name"),
            Assignment.assigned_by,
            Assignment.started_at,
            Assignment.ended_at,
        ).join(User, User.id == Assignment.coach_id),
    ),
    {"client_id": Assignment.client_id == given("client_id")},
)


class Profiles(Repository[Profile]):
    """What the profiles of clients and coaches have in common.

    Attributes:
        is_there: Finds a profile by its id.
    """

    is_there: ClassVar[Statement]

    def create(self, *profiles: Mapping[str, Any]) -> int:
        """Writes new profiles, leaving out users who have one already.

        Returns:
            How many were written.
        """
        return len(insert_new(self.session, self.model, profiles))

    def save(self) -> None:
        """Writes what was changed now, so that it can be read back."""
        self.session.flush()

    def exists(self, user_id: UUID) -> bool:
        """Says whether the user has a profile, whoever asks."""
        return bool(self.session.read(self.is_there, id=user_id))


class ClientRepository(Profiles[Client]):
    """Clients."""

    model = Client
    is_there = _CLIENT_IS_THERE
    sorts = {
        "created_at": Client.created_at,
        "name": User.name,
        "status": Client.status,
    }

    def read(self, client_id: UUID) -> Row[Any]:
        """Reads one client as the API shows it.

        Raises:
            NotFound: There is no such client in this gym.
            Forbidden: The client is out of the actor's reach.
        """
        row: Row[Any] | None = self.session.read_one(_ONE_CLIENT, id=client_id)
        if row is None:
            raise self.missing
        require_client(client_id)
        return row

    def running_with(self, person_id: UUID) -> list[Client]:
        """The clients who have, or are, this person in a running assignment, locked."""
        return self.session.read(_RUNNING_WITH, person_id=person_id)

    def search(  # noqa: PLR0913 — one keyword for each filter
        self,
        *,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
        status: str | None = None,
        coach_id: UUID | None = None,
        tag: str | None = None,
        q: str | None = None,
    ) -> Page:
        """Reads a page of the clients whom the actor reaches."""
        wanted = {
            "status": status,
            "coach_id": coach_id,
            "tags": None if tag is None else [tidy_tag(tag)],
            "q": q,
        }
        return self.page(_CLIENTS, wanted, page=page, limit=limit, sort=sort)

    def coach_of(self, client_id: UUID) -> UUID | None:
        """The client's coach, whoever asks."""
        found: UUID | None = self.session.read_value(_COACH_OF, id=client_id)
        return found

    def without_coach(self, client_ids: Collection[UUID]) -> list[UUID]:
        """Those of ``client_ids`` who have a profile and no coach, in id order."""
        found = self.session.read(_WITHOUT_COACH, ids=list(client_ids))
        return [row.id for row in found]

    def count(self, status: ClientStatus) -> int:
        """How many clients the gym has in ``status``."""
        return int(self.session.read_value(_COUNT, status=status.value))


class CoachRepository(Profiles[Coach]):
    """Coaches."""

    model = Coach
    is_there = _COACH_IS_THERE
    sorts = {"created_at": Coach.created_at, "name": User.name}

    def read(self, coach_id: UUID) -> Row[Any]:
        """Reads one coach as the API shows it.

        Raises:
            NotFound: There is no such coach in this gym.
        """
        row: Row[Any] | None = self.session.read_one(_ONE_COACH, id=coach_id)
        if row is None:
            raise self.missing
        return row

    def search(
        self,
        *,
        page: int,
        limit: int,
        sort: Sequence[SortKey],
        specialty: str | None = None,
        q: str | None = None,
    ) -> Page:
        """Reads a page of the gym's coaches; those who were erased are left out."""
        wanted = {"specialties": None if specialty is None else [specialty], "q": q}
        return self.page(_COACHES, wanted, page=page, limit=limit, sort=sort)


class AssignmentRepository(Repository[Assignment]):
    """Who trained whom, and when."""

    model = Assignment
    sorts = {"started_at": Assignment.started_at}

    def running(self, client_id: UUID) -> Assignment | None:
        """The assignment that lasts; the caller holds the client's row."""
        found: Assignment | None = self.session.read_one(_RUNNING, client_id=client_id)
        return found

    def history(
        self, client_id: UUID, *, page: int, limit: int, sort: Sequence[SortKey]
    ) -> Page:
        """Reads a page of one client's assignments."""
        wanted = {"client_id": client_id}
        return self.page(_ASSIGNMENTS, wanted, page=page, limit=limit, sort=sort)


def find_user(user_id: UUID) -> User | None:
    """The user's account, whoever asks; None for somebody who was erased."""
    found: User | None = session().read_one(_LIVING, id=user_id)
    return found


def accounts_of(role: str) -> list[Row[Any]]:
    """Ids and statuses of the users of ``role``, whoever asks."""
    return session().read(_ACCOUNTS, role=role)


def are_there(client_id: UUID, coach_id: UUID) -> tuple[bool, bool]:
    """Says of a client and of a coach whether they have a profile, whoever asks."""
    (row,) = session().read(_BOTH_ARE_THERE, client_id=client_id, coach_id=coach_id)
    return row.client is not None, row.coach is not None


def genders() -> list[Gender]:
    """The vocabulary, in its own order."""
    return session().read(_GENDERS)


def gender_exists(code: str) -> bool:
    """Says whether the vocabulary has ``code``."""
    return bool(session().read(_GENDER, code=code))
