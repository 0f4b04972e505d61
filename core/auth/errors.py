"""Refusals about accounts, passwords and tokens."""

from core.errors import (
    AppError,
    Conflict,
    Forbidden,
    Gone,
    RateLimited,
    Unprocessable,
)


class TokenReused(AppError):
    """A refresh token was used again; every token of its log-in is revoked."""

    code = "AUTH_TOKEN_REUSED"
    status = 401
    message = "This refresh token was used before; log in again."
    keeps_work = True


class PasswordTooWeak(Unprocessable):
    """The password does not meet the policy; the details name each rule broken."""

    code = "AUTH_PASSWORD_WEAK"
    message = "This password is too weak."


class EmailTaken(Conflict):
    """Another account of this gym has the e-mail address."""

    code = "USER_DUP_EMAIL"
    message = "An account with this e-mail address exists already."


class AccountErased(Conflict):
    """The person was erased; what is left of the account stays empty and shut."""

    code = "USER_ERASED"
    message = "This person was erased; the account stays empty."


class UsernameTaken(Conflict):
    """Another account of this gym has the user name."""

    code = "USER_DUP_USERNAME"
    message = "This user name is taken."


class LastAdmin(Conflict):
    """The gym would be left without an active admin."""

    code = "USER_LAST_ADMIN"
    message = "A gym keeps at least one active admin."


class RoleNotGrantable(Forbidden):
    """The caller may not give this role, or not manage those who hold it."""

    code = "USER_ROLE_NOT_GRANTABLE"
    message = "You may not give this role or manage those who hold it."


class NotYourself(Forbidden):
    """Nobody changes their own role or status."""

    code = "USER_NOT_YOURSELF"
    message = "Ask somebody else to change your own role or status."


class RoleUnknown(Unprocessable):
    """The gym has no such role."""

    code = "USER_ROLE_UNKNOWN"
    message = "This gym has no such role."


class WordUnknown(Unprocessable):
    """A fitness level or training frequency that is not in the vocabulary."""

    code = "USER_STATE_UNKNOWN"
    message = "This value is not in the vocabulary."


class AuthLocked(RateLimited):
    """Too many failures; ``Retry-After`` says how long it stays shut.

    Names without an account are shut in the same way.
    """

    code = "AUTH_LOCKED"
    message = "Too many failed attempts; wait before you try again."


class ChallengeRequired(AppError):
    """A plugin wants proof that the caller is no machine; the details say which."""

    code = "AUTH_CHALLENGE_REQUIRED"
    status = 403
    message = "Solve the challenge, and send its answer as X-Challenge."


class SelfRegistrationOff(Forbidden):
    """The gym opens accounts itself."""

    code = "AUTH_REGISTRATION_OFF"
    message = "This gym does not let people sign up by themselves."


class LinkSpent(Gone):
    """The link was used, has run out, or was replaced."""

    code = "AUTH_LINK_SPENT"
    message = "This link is no longer good; ask for a new one."


class ContactTaken(Conflict):
    """The person has this contact already."""

    code = "CONTACT_DUP"
    message = "You have this contact already."


class ContactIsPrimary(Conflict):
    """A primary contact stays until another one takes its place."""

    code = "CONTACT_IS_PRIMARY"
    message = "Make another contact the primary one first."


class ContactUnverified(Unprocessable):
    """Only a verified address can be primary or serve to recover the account."""

    code = "CONTACT_UNVERIFIED"
    message = "Verify this contact first."


class ContactNotVerifiable(Unprocessable):
    """There is no way yet to verify a phone number oneself."""

    code = "CONTACT_NOT_VERIFIABLE"
    message = "Only e-mail addresses are verified by a link; ask the gym's team."


class ContactTypeUnknown(Unprocessable):
    """There is no such type of contact."""

    code = "CONTACT_TYPE_UNKNOWN"
    message = "There is no such type of contact."


class TooManyContacts(Conflict):
    """A person keeps a handful of contacts."""

    code = "CONTACT_LIMIT"
    message = "You have as many contacts as there can be."
