"""What can go wrong with a notification."""

from core.errors import Conflict, NotFound, ProviderFailed, Unprocessable


class DeliveryUnknown(NotFound):
    """There is no such delivery in this gym."""

    code = "NOTIFICATION_NOT_FOUND"
    message = "There is no such delivery."


class NotResendable(Conflict):
    """It was sent, and its contents are gone; or it is still being sent."""

    code = "NOTIFICATION_NOT_RESENDABLE"
    message = "Only what could not be sent can be sent again."


class TemplateUnknown(Unprocessable):
    """No installed part of the platform has a template of this name."""

    code = "NOTIFICATION_TEMPLATE_UNKNOWN"
    message = "There is no such template."


class TopicUnknown(Unprocessable):
    """No installed part of the platform declares a topic of this name."""

    code = "NOTIFICATION_TOPIC_UNKNOWN"
    message = "There is no such topic."


class ChannelUnknown(Unprocessable):
    """There is no channel of this name."""

    code = "NOTIFICATION_CHANNEL_UNKNOWN"
    message = "There is no such channel."


class TopicMandatory(Unprocessable):
    """Nobody can opt out of this topic, and staff cannot send it by hand."""

    code = "NOTIFICATION_TOPIC_MANDATORY"
    message = "Messages about the safety of an account always go out by themselves."


class NotCancelable(Conflict):
    """It has gone, was called off before, or is being sent this very moment."""

    code = "NOTIFICATION_NOT_CANCELABLE"
    message = "Only what still waits can be called off."


class TemplateFaulty(Unprocessable):
    """A gym's own words for a template break a rule of the template language."""

    code = "NOTIFICATION_TEMPLATE_FAULTY"
    message = "The template is faulty."


class OverrideUnknown(NotFound):
    """The gym has no words of its own for this template in this language."""

    code = "NOTIFICATION_OVERRIDE_NOT_FOUND"
    message = "The gym has not rewritten this template in this language."


class NoSuchTemplate(NotFound):
    """There is no such template, or not in this language."""

    code = "NOTIFICATION_TEMPLATE_NOT_FOUND"
    message = "There is no such template."


class InboxItemUnknown(NotFound):
    """There is no such message in the caller's inbox."""

    code = "INBOX_ITEM_NOT_FOUND"
    message = "There is no such message in your inbox."


class UnsubscribeInvalid(Unprocessable):
    """The link to unsubscribe was cut short or changed on its way."""

    code = "NOTIFICATION_UNSUBSCRIBE_INVALID"
    message = "This link to unsubscribe is not one of ours."


class RecipientUnknown(Unprocessable):
    """The account that should get the message does not exist in this gym."""

    code = "NOTIFICATION_RECIPIENT_UNKNOWN"
    message = "There is nobody to send this to."


class NotTaken(ProviderFailed):
    """The other side did not take a message this time; the job tries again."""

    code = "NOTIFICATION_NOT_TAKEN"
    message = "The message was not taken; it will be tried again."


class TemplateDefect(ValueError):
    """A template breaks a rule, or is used with other variables than it declares."""


class Refused(Exception):
    """This message will never go out; the text says why, without personal data."""


class Deferred(Exception):
    """The message did not go out this time; the text says why, likewise."""
