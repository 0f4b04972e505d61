"""How secrets and codes are made, sealed and compared."""

import hashlib
import hmac
import secrets
from base64 import b32encode
from typing import Final
from uuid import UUID

import pyotp
import segno

from core.config import Settings
from core.config.vault import Vault

STEP_SECONDS: Final = 30
DIGITS: Final = 6
RECOVERY_CODES: Final = 10
"""How many recovery codes an account gets at a time."""

TOTP: Final = "totp"
"""The vault's purpose of the secrets."""

RECOVERY: Final = "totp recovery codes"
"""The vault's purpose of the digests of recovery codes."""

_CODE_BYTES: Final = 10
_GROUP: Final = 4


class Secrets:
    """Seals secrets and digests of recovery codes in the vault.

    Gym and user are bound into both, so that a value copied to another row is void.

    Args:
        settings: Say where the master keys are.
    """

    def __init__(self, settings: Settings) -> None:
        self._vault = Vault(settings)

    def close(self, secret: str, *, tenant_id: UUID, user_id: UUID) -> bytes:
        """Seals a secret for the database."""
        bound = tenant_id.bytes + user_id.bytes
        return self._vault.seal(secret.encode(), purpose=TOTP, bound_to=bound)

    def open(self, sealed: bytes, *, tenant_id: UUID, user_id: UUID) -> str:
        """Opens what ``close`` made for the same user.

        Raises:
            SealBroken: Its master key is gone, or the value was tampered with.
        """
        bound = tenant_id.bytes + user_id.bytes
        return self._vault.open(sealed, purpose=TOTP, bound_to=bound).decode()

    def close_code(self, code: str, *, tenant_id: UUID, user_id: UUID) -> bytes:
        """What is stored of a recovery code: its SHA-256 digest, sealed.

        Sealed, so that the database alone does not let codes be tried out, and so that
        they go on working when the master key is rotated. A code has 80 random bits, so
        no slow hash is needed.
        """
        bound = tenant_id.bytes + user_id.bytes
        digest = _digest(code)
        return self._vault.seal(digest, purpose=RECOVERY, bound_to=bound)

    def fits(self, code: str, sealed: bytes, *, tenant_id: UUID, user_id: UUID) -> bool:
        """Says whether ``sealed`` is stored of this code, for the same user.

        Raises:
            SealBroken: Its master key is gone, or the value was tampered with.
        """
        bound = tenant_id.bytes + user_id.bytes
        stored = self._vault.open(sealed, purpose=RECOVERY, bound_to=bound)
        return hmac.compare_digest(stored, _digest(code))


def _digest(code: str) -> bytes:
    return hashlib.sha256(compact(code).encode()).digest()


def new_secret() -> str:
    """160 random bits in base32, as RFC 4226 recommends."""
    return pyotp.random_base32(32)


def new_recovery_code() -> str:
    """80 random bits, in groups that people can copy."""
    text = b32encode(secrets.token_bytes(_CODE_BYTES)).decode()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def compact(code: str) -> str:
    """A code without what people type between its groups, in capitals."""
    return code.replace(" ", "").replace("-", "").upper()


def is_totp(code: str) -> bool:
    """Says whether a compact code is formed like one of an authenticator app."""
    return len(code) == DIGITS and code.isascii() and code.isdigit()


def otpauth_uri(secret: str, *, account: str, issuer: str) -> str:
    """The address from which authenticator apps read a secret."""
    # A colon separates issuer and account in the label.
    name = issuer.replace(":", " ")
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=name)


def qr_svg(text: str) -> str:
    """A QR code as one SVG element, to be put into a page as it is."""
    return segno.make(text, error="m", micro=False).svg_inline(scale=4)


def fitting_steps(secret: str, code: str, now: float) -> list[int]:
    """The time steps, of this one and its neighbours, whose code this is (RFC 6238).

    Args:
        secret: In base32.
        code: Six digits.
        now: Seconds since the epoch.
    """
    otp = pyotp.TOTP(secret)
    present = int(now) // STEP_SECONDS
    around = (present - 1, present, present + 1)
    return [
        step for step in around if hmac.compare_digest(otp.generate_otp(step), code)
    ]
