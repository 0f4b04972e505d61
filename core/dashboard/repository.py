"""All SQL of the dashboard; one statement for each table."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, func, select

from core.access import Role
from core.auth.models import User, UserStatus
from core.db.unit import session
from core.jobs.models import JobState, OutboxJob
from core.notifications.models import Delivery, DeliveryStatus

_STAFF = (Role.ADMIN, Role.TEAM, Role.COACH)


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
    active = User.status == UserStatus.ACTIVE
    client = and_(active, User.role == Role.CLIENT)
    row = (
        session()
        .execute(
            select(
                func.count().filter(client),
                func.count().filter(client, User.created_at >= since),
                func.count().filter(active, User.role.in_(_STAFF)),
            ).select_from(User)
        )
        .one()
    )
    return People(*row)


def count_failed_notifications() -> int:
    """Messages that were given up."""
    failed = Delivery.status == DeliveryStatus.FAILED
    many = select(func.count()).select_from(Delivery).where(failed)
    return session().scalar(many) or 0


def count_dead_jobs() -> int:
    """Background jobs that were given up."""
    dead = OutboxJob.state == JobState.DEAD
    many = select(func.count()).select_from(OutboxJob).where(dead)
    return session().scalar(many) or 0
