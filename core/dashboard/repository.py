"""All SQL of the dashboard; one statement for each table."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, select

from core.access import Role
from core.auth.models import User, UserStatus
from core.db.statement import Statement, given
from core.db.unit import session
from core.jobs.models import JobState, OutboxJob
from core.notifications.models import Delivery, DeliveryStatus

_STAFF = (Role.ADMIN.value, Role.TEAM.value, Role.COACH.value)
_ACTIVE = User.status == UserStatus.ACTIVE.value
_CLIENT = and_(_ACTIVE, User.role == Role.CLIENT.value)

_PEOPLE = Statement(
    select(
        func.count().filter(_CLIENT),
        func.count().filter(_CLIENT, User.created_at >= given("since")),
        func.count().filter(_ACTIVE, User.role.in_(_STAFF)),
    ).select_from(User)
)
_FAILED = Statement(
    select(func.count())
    .select_from(Delivery)
    .where(Delivery.status == DeliveryStatus.FAILED.value)
)
_DEAD = Statement(
    select(func.count())
    .select_from(OutboxJob)
    .where(OutboxJob.state == JobState.DEAD.value)
)


class People(NamedTuple):
    """How many accounts a gym has.

    Attributes:
        members: Active clients.
        new_members: Those of them whose account was opened lately.
        staff: Active admins, team members and coaches.
    """

    members: int
    new_members: int
    staff: int


def count_people(since: datetime) -> People:
    """Counts accounts; ``since`` says from when on a member is new."""
    return People(*session().read_one(_PEOPLE, since=since))


def count_failed_notifications() -> int:
    """Messages that were given up."""
    return int(session().read_value(_FAILED))


def count_dead_jobs() -> int:
    """Background jobs that were given up."""
    return int(session().read_value(_DEAD))
