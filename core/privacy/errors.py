"""What can go wrong with a request about a person's data."""

from core.errors import Conflict, Forbidden, Gone, NotFound


class PersonUnknown(NotFound):
    """There is no such person in this gym."""

    code = "PRIVACY_PERSON_NOT_FOUND"
    message = "There is no such person in this gym."


class RequestUnknown(NotFound):
    """There is no such request, or it is not the caller's to see."""

    code = "PRIVACY_REQUEST_NOT_FOUND"
    message = "There is no such request."


class PersonErased(Gone):
    """The person was erased; nothing is left to give."""

    code = "PRIVACY_PERSON_ERASED"
    message = "This person was erased."


class PasswordNeeded(Forbidden):
    """The log-in is too old for something that cannot be undone."""

    code = "PRIVACY_PASSWORD_NEEDED"
    message = "Send your password, or log in again and repeat this within 15 minutes."


class ArchiveNotReady(Conflict):
    """The export is not finished, or failed, or the request is no export."""

    code = "PRIVACY_ARCHIVE_NOT_READY"
    message = "There is no archive to download."


class ArchiveGone(Gone):
    """The archive was deleted, as it is seven days after it was made."""

    code = "PRIVACY_ARCHIVE_GONE"
    message = "The archive is no longer kept; ask for a new export."


class RequestBegun(Conflict):
    """Only a request whose job has not begun can be taken back."""

    code = "PRIVACY_REQUEST_BEGUN"
    message = "This request has begun and cannot be taken back."
