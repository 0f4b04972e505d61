"""Refusals about the second factor."""

from core.errors import AppError, Conflict, InvalidCredentials, Unprocessable


class TotpRequired(AppError):
    """The password is right; the account asks for a code as well."""

    code = "AUTH_TOTP_REQUIRED"
    status = 401
    message = "Send the code of your authenticator app, or a recovery code, as totp."


class TotpInvalid(InvalidCredentials):
    """The code is wrong, too old, or was used before."""

    code = "AUTH_TOTP_INVALID"
    message = "This code is wrong or was used before."


class TotpNotConfirmed(Unprocessable):
    """The code does not fit the secret that was handed out, or none was."""

    code = "AUTH_TOTP_NOT_CONFIRMED"
    message = "This code does not fit; scan the QR code again and type the new code."


class TotpEnabled(Conflict):
    """The account has a second factor already."""

    code = "AUTH_TOTP_ENABLED"
    message = "The second factor is on already; switch it off first."


class TotpNotEnabled(Conflict):
    """The account has no second factor."""

    code = "AUTH_TOTP_NOT_ENABLED"
    message = "The second factor is not on."
