"""Refusals about API keys."""

from core.errors import Conflict, Forbidden, Unprocessable


class ApiKeyTooStrong(Forbidden):
    """The key would be able to do more than its maker."""

    code = "API_KEY_TOO_STRONG"
    message = "You may not give a key more than you hold yourself."


class ApiKeyPeopleOnly(Unprocessable):
    """The key would hold a permission that only people hold."""

    code = "API_KEY_PEOPLE_ONLY"
    message = "Some of these permissions are never given to an API key."


class ApiKeyExpiry(Unprocessable):
    """The key would end in the past, or too late."""

    code = "API_KEY_EXPIRY"
    message = "A key ends in the future, and at most two years from now."


class ApiKeyLimit(Conflict):
    """The gym has as many keys as it may have."""

    code = "API_KEY_LIMIT"
    message = "This gym has the most API keys that it may have; revoke one first."
