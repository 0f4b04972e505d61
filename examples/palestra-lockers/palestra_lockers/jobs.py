"""Work in the background."""

from core.sdk.jobs import Every, WhenOff, actor

from palestra_lockers import service


@actor("lockers.remind", when_off=WhenOff.DROP)
def remind() -> None:
    """Mails those whose locker is overdue; what is missed is made up for next time."""
    service.remind_of_overdue()


ACTORS = (remind,)
SCHEDULES = (Every("lockers.remind", "0 9 * * *", remind),)
