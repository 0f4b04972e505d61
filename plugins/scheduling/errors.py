"""What scheduling refuses, and why."""

from core.sdk.base import Conflict, NotFound, Unprocessable


class SessionMissing(NotFound):
    """There is no such session in this gym."""

    message = "There is no such session."


class OverrideMissing(NotFound):
    """Nothing is set for that date."""

    message = "This date has no override."


class CoachUnknown(NotFound):
    """The id is no coach's in this gym."""

    code = "SESS_COACH_UNKNOWN"
    message = "There is no such coach."


class ClientUnknown(NotFound):
    """The id is no client's in this gym."""

    code = "SESS_CLIENT_UNKNOWN"
    message = "There is no such client."


class IntervalInvalid(Unprocessable):
    """A session ends 5 minutes to 8 hours after it starts."""

    code = "SESS_INTERVAL_INVALID"
    message = "A session lasts from 5 minutes to 8 hours."


class InPast(Unprocessable):
    """The time is over already; staff may record it, a client may not."""

    code = "SESS_IN_PAST"
    message = "This time has passed already."


class OutsideAvailability(Unprocessable):
    """The coach is not to be booked at that time; the details give the reason."""

    code = "SESS_OUTSIDE_AVAILABILITY"
    message = "The coach cannot be booked at this time."


class Overlap(Conflict):
    """The coach or the client has another session then; the details say who."""

    code = "SESS_OVERLAP"
    message = "There is another session at this time."


class NoEntitlement(Conflict):
    """The gym demands a pass or membership; the details say why none covers it."""

    code = "SESS_NO_ENTITLEMENT"
    message = "The client has no pass or membership for this session."


class TransitionIllegal(Conflict):
    """The session's status does not allow this step."""

    code = "SESS_ILLEGAL_TRANSITION"
    message = "The session's status does not allow this."


class WindowsOverlap(Conflict):
    """Two windows of one day share time."""

    code = "SESS_AVAILABILITY_OVERLAP"
    message = "Two windows of the same day overlap."
