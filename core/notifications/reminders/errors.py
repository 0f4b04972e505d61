"""What can go wrong with the rules of reminders."""

from core.errors import Conflict, Unprocessable


class ReminderUnknown(Unprocessable):
    """No plugin that is switched on has such a kind of reminder."""

    code = "NOTIFICATION_REMINDER_UNKNOWN"
    message = "There is no such kind of reminder."


class TooManyRules(Conflict):
    """A kind of reminder has at most ten rules."""

    code = "NOTIFICATION_TOO_MANY_RULES"
    message = "This kind of reminder has as many rules as it may have."
