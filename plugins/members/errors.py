"""What members refuses, and why."""

from core.sdk.base import Conflict, Unprocessable


class CoachReassigned(Conflict):
    """The client has another coach than the caller expected."""

    code = "COACH_REASSIGNED"
    message = "Somebody else assigned a coach in the meantime."


class ProfileExists(Conflict):
    """The user has such a profile already."""

    code = "MEMBERS_PROFILE_EXISTS"
    message = "This user already has such a profile."


class IllegalStatus(Conflict):
    """The client's present status does not lead to the wanted one."""

    code = "MEMBERS_STATUS_TRANSITION"
    message = "A client cannot go from this status to that one."


class Immutable(Unprocessable):
    """Date of birth and gender stay as they were first entered."""

    code = "MEMBERS_IMMUTABLE"
    message = "This cannot be changed once it is set."


class ImplausibleBirthDate(Unprocessable):
    """The date of birth lies ahead, or further back than anybody's."""

    code = "MEMBERS_BIRTH_DATE"
    message = "Nobody was born on this date."


class UnknownGender(Unprocessable):
    """The gender is none of the vocabulary's codes."""

    code = "MEMBERS_GENDER_UNKNOWN"
    message = "There is no such gender code."


class UnfitRole(Unprocessable):
    """The user's role does not go with this kind of profile."""

    code = "MEMBERS_ROLE_UNFIT"
    message = "A user with this role cannot have this profile."


class UnavailableCoach(Unprocessable):
    """The coach's account is disabled."""

    code = "MEMBERS_COACH_UNAVAILABLE"
    message = "This coach's account is disabled."
