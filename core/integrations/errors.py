"""What can go wrong with an integration."""

from core.errors import Conflict, NotFound, ProviderFailed


class IntegrationUnknown(NotFound):
    """No part of the platform that is on in this gym declares it."""

    code = "INTEGRATION_UNKNOWN"
    message = "There is no such integration in this gym."


class IntegrationNotSetUp(Conflict):
    """The gym has not set it up, so there is nothing to try."""

    code = "INTEGRATION_NOT_SET_UP"
    message = "This integration is not set up; store its settings first."


class IntegrationUnreadable(Conflict):
    """Its secrets do not open: the key they were sealed under is gone."""

    code = "INTEGRATION_UNREADABLE"
    message = "The stored secrets cannot be read any more; set them again."


class IntegrationFailed(ProviderFailed):
    """The outside service did not take the settings."""

    code = "INTEGRATION_FAILED"
    message = "The service did not take these settings."
