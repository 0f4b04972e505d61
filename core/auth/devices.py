"""Devices that somebody has logged in on, and how log-ins are counted by them."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from core.auth.attempts import Reservation, failures_of, masked, reserve
from core.auth.errors import ChallengeRequired
from core.auth.models import User
from core.config import Settings
from core.config.secrets import derive_key, derive_keys
from core.context import current, hooks

HEADER: Final = "X-Device"
CHALLENGE_HEADER: Final = "X-Challenge"

_DEVICE_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Devices:
    """Signs devices on which somebody has logged in, and knows them again.

    A device token gives no right. It only lets the device be counted by itself, so
    that strangers who guess at an account do not shut its owner out. It is bound to
    the account and to its password, so that one account's devices are strangers to
    the others, and a changed password makes all of them strangers.

    Attributes:
        key: Of this installation, for this purpose.
        former: The keys before it, whose devices are known still.
    """

    key: bytes
    former: tuple[bytes, ...] = ()

    @classmethod
    def of(cls, settings: Settings) -> "Devices":
        """Builds it with the keys of the installation."""
        key, *former = derive_keys(settings, "devices")
        return cls(key, tuple(former))

    def token(self, gym_id: UUID, user_id: UUID, password_hash: str) -> str:
        """A fresh token for a device."""
        device = secrets.token_bytes(_DEVICE_BYTES)
        mac = self._macs(device, gym_id, user_id, password_hash)[0]
        return (device + mac).hex()

    def read(
        self, token: str | None, gym_id: UUID, user_id: UUID, password_hash: str
    ) -> str | None:
        """The device behind a token; None unless it is one of this account."""
        try:
            raw = bytes.fromhex(token or "")
        except ValueError:
            return None
        device, mac = raw[:_DEVICE_BYTES], raw[_DEVICE_BYTES:]
        right = self._macs(device, gym_id, user_id, password_hash)
        known = any(hmac.compare_digest(mac, one) for one in right)
        return device.hex() if known else None

    def _macs(
        self, device: bytes, gym_id: UUID, user_id: UUID, password_hash: str
    ) -> list[bytes]:
        bound = b"".join([gym_id.bytes, user_id.bytes, device, password_hash.encode()])
        return [hmac.digest(key, bound, "sha256") for key in (self.key, *self.former)]


@dataclass(frozen=True, slots=True)
class Guard:
    """Counts the log-ins of one caller.

    Attributes:
        devices: Knows devices again.
        name_key: Masks log-in names.
        device: The device token that the caller sent.
        answer: What the caller answers to a challenge.
    """

    devices: Devices
    name_key: bytes
    device: str | None = None
    answer: str | None = None

    @classmethod
    def of(
        cls, settings: Settings, *, device: str | None, answer: str | None
    ) -> "Guard":
        """Builds it for a caller, with the keys of the installation."""
        return cls(
            Devices.of(settings),
            derive_key(settings, "log-in names"),
            device,
            answer,
        )

    def admit(self, login: str, user: User | None) -> Reservation:
        """Counts a log-in before its password is looked at.

        On a device of the account by that device, else by the account; a name
        without an account is counted like one.

        Args:
            login: As typed.
            user: Whose name it is.

        Raises:
            AuthLocked: It is shut for now.
            ChallengeRequired: A plugin wants proof that this is no machine.
        """
        kind, subject = self._counted_by(login, user)
        if hooks().hears("login_challenge"):
            self._challenge(failures_of(kind, subject))
        return reserve(kind, subject)

    def _challenge(self, failures: int) -> None:
        here = current()
        wanted = hooks().login_challenge(
            gym=here.require_gym(),
            address=here.address,
            failures=failures,
            answer=self.answer,
        )
        if wanted is not None:
            raise ChallengeRequired(details=wanted)

    def _counted_by(self, login: str, user: User | None) -> tuple[str, str]:
        if user is not None and user.password_hash is not None:
            device = self.devices.read(
                self.device, user.tenant_id, user.id, user.password_hash
            )
            if device is not None:
                return "device", f"{user.id}|{device}"
        # By the address also where the user name was typed, so that two names do not
        # give twice the guesses; and an address is counted the same before and after
        # it has an account.
        return "login", masked(login if user is None else user.email, self.name_key)
