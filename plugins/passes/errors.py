"""What passes refuses, and why."""

from core.sdk.base import Conflict, Gone, NotFound, RateLimited, Unprocessable


class PassNotFound(NotFound):
    """There is no such pass in this gym, by id or by code."""

    code = "PASS_NOT_FOUND"
    message = "There is no such pass."


class CodeUnknown(PassNotFound):
    """No pass has the code; that it was tried is kept."""

    keeps_work = True


class ProductNotFound(NotFound):
    """There is no such product in this gym."""

    code = "PASS_PRODUCT_NOT_FOUND"
    message = "There is no such product."


class ClientUnknown(NotFound):
    """The id is no client's in this gym."""

    code = "PASS_CLIENT_UNKNOWN"
    message = "There is no such client."


class SessionUnknown(NotFound):
    """The id is no session's in this gym, or scheduling is off."""

    code = "PASS_SESSION_UNKNOWN"
    message = "There is no such session."


class PassExpired(Gone):
    """The pass is good no more."""

    code = "PASS_EXPIRED"
    message = "This pass has expired."


class PassRevoked(Gone):
    """Staff took the pass back."""

    code = "PASS_REVOKED"
    message = "This pass was revoked."


class AlreadyRedeemed(Conflict):
    """All uses of the pass are taken."""

    code = "PASS_ALREADY_REDEEMED"
    message = "This pass has no uses left."


class AllowanceUsed(Conflict):
    """The sessions that the membership grants for this week or month are taken."""

    code = "PASS_ALLOWANCE_USED"
    message = "This membership grants no more sessions in this week or month."


class PassPaused(Conflict):
    """The moment lies in a pause."""

    code = "PASS_PAUSED"
    message = "This pass is paused."


class PassBlocked(Conflict):
    """Staff blocked the pass."""

    code = "PASS_BLOCKED"
    message = "This pass is blocked; ask at the desk."


class NotStarted(Conflict):
    """The pass is not good yet."""

    code = "PASS_NOT_STARTED"
    message = "This pass is not valid yet."


class SessionCovered(Conflict):
    """A use was taken for the session already."""

    code = "PASS_SESSION_COVERED"
    message = "A use was taken for this session already."


class StateUnfit(Conflict):
    """The pass's state does not allow the change; the details give the state."""

    code = "PASS_STATE"
    message = "The state of this pass does not allow this."


class NotCounted(Unprocessable):
    """Uses of a membership are not counted down, so there is nothing to adjust."""

    code = "PASS_NOT_COUNTED"
    message = "Uses of this pass are not counted down."


class BalanceBroken(Unprocessable):
    """The adjustment would leave less than nothing, or more than anybody uses."""

    code = "PASS_BALANCE"
    message = "A pass has from 0 to 10 000 uses."


class SessionUnfit(Unprocessable):
    """The session is another client's, or is not to take place."""

    code = "PASS_SESSION_UNFIT"
    message = "This pass cannot pay for that session."


class ProductUnfit(Unprocessable):
    """The product is archived, or is none that codes can be made of."""

    code = "PASS_PRODUCT_UNFIT"
    message = "This product cannot be used for that."


class TooManyMisses(RateLimited):
    """Too many unknown codes were tried; ``Retry-After`` says when to come back."""

    message = "Too many unknown codes; try again later."
    keeps_work = True
