"""What milestones refuses, and why."""

from core.sdk.base import Conflict, NotFound, Unprocessable


class DefinitionMissing(NotFound):
    """There is no such milestone in this gym."""

    message = "There is no such milestone."


class GiftMissing(NotFound):
    """There is no such gift in this gym."""

    message = "There is no such gift."


class ClientUnknown(NotFound):
    """The id is no client's in this gym."""

    code = "MILESTONE_CLIENT_UNKNOWN"
    message = "There is no such client."


class ClientUnnamed(Unprocessable):
    """Only a client may leave out whose progress is meant."""

    code = "MILESTONE_CLIENT_UNNAMED"
    message = "Say whose progress you want, by clientId."


class CounterUnknown(Unprocessable):
    """No feature that is on in this gym counts that."""

    code = "MILESTONE_COUNTER_UNKNOWN"
    message = "Nothing here is counted under this name."


class DefinitionInvalid(Unprocessable):
    """Rule or gift contradicts itself."""

    code = "MILESTONE_INVALID"
    message = "Rule or gift contradicts itself."


class MilestoneArchived(Conflict):
    """The milestone is archived; nobody reaches it and nothing is given for it."""

    code = "MILESTONE_ARCHIVED"
    message = "This milestone is archived."


class GiftDuplicate(Conflict):
    """The client has the gift for every time that they reached the milestone."""

    code = "GIFT_DUPLICATE"
    message = "This client has the gift of this milestone already."


class NothingGiven(Unprocessable):
    """The milestone gives nothing."""

    code = "GIFT_NOTHING_GIVEN"
    message = "This milestone has no gift."


class GiftSettled(Conflict):
    """The gift was handed over or called off; that stays so."""

    code = "GIFT_SETTLED"
    message = "This gift was handed over or called off already."
