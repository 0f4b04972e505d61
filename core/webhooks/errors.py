"""What can go wrong with webhooks."""

from core.errors import AppError, Conflict, NotFound, ProviderFailed, Unprocessable


class EndpointUnknown(NotFound):
    """There is no such webhook endpoint in this gym."""

    code = "WEBHOOK_NOT_FOUND"
    message = "There is no such webhook endpoint."


class DeliveryUnknown(NotFound):
    """The endpoint has no such delivery, or it is no longer kept."""

    code = "WEBHOOK_DELIVERY_NOT_FOUND"
    message = "There is no such delivery."


class UrlRefused(Unprocessable):
    """Nothing is ever sent to an address like this; the message says why."""

    code = "WEBHOOK_URL_REFUSED"
    message = "Nothing can be sent to this address."


class TypeUnknown(Unprocessable):
    """No feature that is on in this gym sends such a type; `details` names it."""

    code = "WEBHOOK_TYPE_UNKNOWN"
    message = "No feature that is switched on sends this type."


class TooManyEndpoints(Conflict):
    """The gym has as many endpoints as it may have."""

    code = "WEBHOOK_LIMIT"
    message = "This gym has as many webhook endpoints as it may have."


class EndpointOff(Conflict):
    """The endpoint is switched off, so nothing is sent there."""

    code = "WEBHOOK_DISABLED"
    message = "This endpoint is switched off; switch it on first."


class StillPending(Conflict):
    """The delivery is still being tried."""

    code = "WEBHOOK_DELIVERY_PENDING"
    message = "This delivery is still being tried."


class ReceiptUnknown(NotFound):
    """No webhook with this receipt came in, or it is no longer kept."""

    code = "WEBHOOK_RECEIPT_NOT_FOUND"
    message = "This webhook is no longer kept."


class SignatureInvalid(AppError):
    """An incoming webhook is not signed by its sender, or not just now."""

    code = "WEBHOOK_SIGNATURE_INVALID"
    status = 400
    message = "The signature does not fit, or it is too old."


class NotTaken(ProviderFailed):
    """The receiver did not take a delivery this time; the job tries again."""

    code = "WEBHOOK_NOT_TAKEN"
    message = "The receiver did not take the webhook; it will be tried again."


class TypeUndeclared(LookupError):
    """Code sends a type that no manifest and no part of core declares; a defect."""
