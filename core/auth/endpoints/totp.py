"""One's own second factor."""

from typing import Any

from core.auth.endpoints.access import identity
from core.auth.errors import AuthLocked
from core.auth.totp.errors import TotpEnabled, TotpNotConfirmed, TotpNotEnabled
from core.auth.totp.password import prove_password
from core.auth.totp.schemas import (
    PasswordAgainBody,
    RecoveryCodesOut,
    TotpCodeBody,
    TotpSetupOut,
    TotpStatusOut,
)
from core.errors import InvalidCredentials
from core.http.blueprint import Blueprint
from core.http.pipeline import step

totp = Blueprint("totp", prefix="/auth/totp", tag="Second factor")

_CODES = {"recoveryCodes": ["MZXW-6YTB-OI4D-KNRX", "GEZD-GNBV-GY3T-QOJQ"]}
_PASSWORD = {"password": "Nine-Lamps-Glow-42"}


@totp.get(
    summary="My second factor",
    signed_in=True,
    during_setup=True,
    returns=TotpStatusOut,
    example={
        "enabled": True,
        "required": False,
        "confirmedAt": "2026-03-01T09:00:00Z",
        "recoveryCodesLeft": 10,
    },
)
def show() -> dict[str, Any]:
    """Whether it is on, whether it must be, and how many recovery codes are left."""
    return identity().second_factors.status()


@totp.post(
    "/setup",
    summary="Begin a second factor",
    signed_in=True,
    during_setup=True,
    returns=TotpSetupOut,
    errors=[TotpEnabled],
    example={
        "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
        "otpauthUri": "otpauth://totp/North:ada%40example.com?secret=JBSW…",
        "qrSvg": '<svg width="164" height="164" class="segno">…</svg>',
    },
)
def set_up() -> dict[str, Any]:
    """Gives the secret for an authenticator app; called again, it gives another.

    Nothing changes at log-in until the first code was confirmed.
    """
    return identity().second_factors.set_up()


@totp.post(
    "/confirm",
    summary="Switch my second factor on",
    signed_in=True,
    during_setup=True,
    body=TotpCodeBody,
    returns=RecoveryCodesOut,
    errors=[TotpEnabled, TotpNotConfirmed],
    example=_CODES,
    request_example={"code": "492039"},
)
def confirm(body: dict[str, Any]) -> dict[str, Any]:
    """Takes the first code of the app and gives ten recovery codes, this one time."""
    return {"recovery_codes": identity().second_factors.confirm(body["code"])}


@totp.post(
    "/recovery-codes",
    summary="Renew my recovery codes",
    signed_in=True,
    stepwise=True,
    body=PasswordAgainBody,
    returns=RecoveryCodesOut,
    errors=[AuthLocked, InvalidCredentials, TotpNotEnabled],
    example=_CODES,
    request_example=_PASSWORD,
)
def renew_codes(body: dict[str, Any]) -> dict[str, Any]:
    """Gives ten new codes for the password; the old ones are void."""
    prove_password(body["password"], step)
    return {"recovery_codes": step(identity().second_factors.renew_codes)}


@totp.post(
    "/disable",
    summary="Switch my second factor off",
    signed_in=True,
    stepwise=True,
    status=204,
    body=PasswordAgainBody,
    errors=[AuthLocked, InvalidCredentials, TotpNotEnabled],
    request_example=_PASSWORD,
)
def disable(body: dict[str, Any]) -> None:
    """Takes the password again; the recovery codes are void."""
    prove_password(body["password"], step)
    step(identity().second_factors.disable)
