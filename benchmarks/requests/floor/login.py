"""Logging in: the attempt counted, the password checked, the log-in written."""

import hashlib
import hmac
import secrets
import threading
import unicodedata
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final, TypeVar
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from benchmarks.requests.floor import database, gate, vault
from benchmarks.requests.floor.errors import (
    Refused,
    against_rule,
    not_the_floors,
)
from benchmarks.requests.floor.ids import new_id
from benchmarks.requests.floor.records import audit
from benchmarks.requests.floor.settings import (
    ACCESS_SECONDS,
    HASHES_AT_ONCE,
    REFRESH_DAYS,
    SESSION_DAYS,
)
from benchmarks.requests.floor.wire import (
    Answer,
    Request,
    one_of,
    read_body,
    success,
    text,
)
from core.clock import utc_now

Result = TypeVar("Result")

_LOCK_AFTER: Final = 10
_DEVICE_BYTES: Final = 16
_MAX_USER_AGENT: Final = 400
_BODY: Final = {
    "login": text(254, least=1),
    "email": text(254, least=1),
    "password": text(256, least=1),
    "totp": text(64, least=1),
    "mode": one_of("bearer", "cookie"),
}

_hasher: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_places: Final = threading.BoundedSemaphore(HASHES_AT_ONCE)
_NOBODY: Final = (
    "$argon2id$v=19$m=19456,t=2,p=1$hYbag8WMAQ7ZHdgswrkF8"
    "A$EslhB5LWvrMAO1/7wDMNEoLWETu8PX6eR2zuHDzmajE"
)
"""A hash that no password is known for, so that a stranger's name takes as long."""

_COLUMNS = (
    "id, email, username, name, phone, role, status, locale, alias, avatar_url,"
    " created_at, updated_at, version, password_hash"
)
_NAMES: Final = (
    "id",
    "email",
    "username",
    "name",
    "phone",
    "role",
    "status",
    "locale",
    "alias",
    "avatarUrl",
    "createdAt",
    "updatedAt",
    "version",
)
_STATUS, _HASH = 6, 13
_USERS = f"SELECT {_COLUMNS} FROM users WHERE tenant_id = %s AND "  # noqa: S608 — ours
_BY_EMAIL = f"{_USERS} email_key = %s"
_BY_NAME = f"{_USERS} username_key = %s"
_LOCKED = f"{_USERS} id = %s FOR UPDATE"
_REHASH = (
    "UPDATE users SET password_hash = %s, updated_at = %s, version = version + 1"
    " WHERE tenant_id = %s AND id = %s"
)
_ATTEMPTS = (
    "SELECT failures, last_at, shut_until FROM auth_attempts"
    " WHERE tenant_id = %s AND subject = %s"
)
_ONE_MORE = "CASE WHEN kept.last_at < %(stale)s THEN 1 ELSE kept.failures + 1 END"
_COUNT = (
    "INSERT INTO auth_attempts AS kept (tenant_id, id, subject, failures, last_at)"  # noqa: S608 — ours
    " VALUES (%(tenant)s, %(id)s, %(subject)s, 1, %(now)s)"
    " ON CONFLICT (tenant_id, subject) DO UPDATE"
    f" SET failures = {_ONE_MORE}, last_at = %(now)s,"
    f" shut_until = CASE WHEN {_ONE_MORE} < 5 THEN NULL"
    f" WHEN {_ONE_MORE} < 10"
    f" THEN %(now)s + interval '1 second' * 2 ^ ({_ONE_MORE} - 5)"
    " ELSE %(now)s + least(interval '1 hour',"
    f" interval '1 minute' * 2 ^ least({_ONE_MORE} - 10, 6)) END"
    " WHERE kept.shut_until IS NULL OR kept.shut_until <= %(now)s"
    " RETURNING failures"
)
_FORGIVE = "DELETE FROM auth_attempts WHERE tenant_id = %s AND subject = %s"
_SESSION = (
    "INSERT INTO auth_sessions (tenant_id, id, user_id, created_at, last_used_at,"
    " address, user_agent, expires_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
)
_REFRESH = (
    "INSERT INTO refresh_tokens (tenant_id, id, user_id, session_id, token_hash,"
    " created_at, expires_at)"
)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A log-in that was counted before anything was checked.

    Attributes:
        user: The account; None for a name that may not log in.
    """

    kind: str
    subject: bytes
    failures: int
    user: database.Row | None


class _Wrong(Exception):
    """The name or the password is wrong."""


def log_in(request: Request) -> Answer:
    """Gives tokens for a name and its password; no transaction waits for the hash."""
    body = read_body(request, _BODY, ("password",))
    names = [body[key] for key in ("login", "email") if key in body]
    if len(names) != 1:
        raise against_rule("body", {"login": ["Give either login or email."]})
    if body.get("mode", "bearer") != "bearer":
        raise not_the_floors("cookies")
    attempt = _step(request, lambda: _admit(request, names[0]))
    try:
        renewed = _checked(attempt.user, body["password"])
        user, session_id, token = _step(
            request, lambda: _let_in(request, attempt, renewed)
        )
    except _Wrong as error:
        _step(request, lambda: _note_failure(request, attempt))
        message = "The log-in name or the password is wrong."
        raise Refused(401, "AUTH_INVALID_CREDENTIALS", message) from error
    data = {
        "accessToken": vault.issue(request.tenant, user[0], session_id),
        "refreshToken": token,
        "expiresIn": ACCESS_SECONDS,
        "deviceToken": _device_token(request.tenant, user),
        "user": dict(zip(_NAMES, user, strict=False)),
    }
    return success(request, data)


def _step(request: Request, work: Callable[[], Result]) -> Result:
    """Runs work in a transaction of its own."""
    database.begin(request.tenant)
    try:
        result = work()
    except BaseException:
        database.rollback()
        raise
    database.commit()
    return result


def _admit(request: Request, login: str) -> _Attempt:
    """Finds the account and counts the attempt, or refuses it."""
    statement = _BY_EMAIL if "@" in login else _BY_NAME
    user = database.row(statement, (request.tenant, _key_of(login)))
    kind, subject = _counted_by(request, login, user)
    digest = hashlib.sha256(f"{kind}|{subject}".encode()).digest()
    failures = _reserve(request.tenant, digest)
    known = user if user is not None and user[_STATUS] == "active" else None
    return _Attempt(kind, digest, failures, known)


def _counted_by(
    request: Request, login: str, user: database.Row | None
) -> tuple[str, str]:
    """On a device of the account by that device, else by the account's address."""
    token = request.environ.get("HTTP_X_DEVICE")
    if token is not None and user is not None and user[_HASH] is not None:
        device = _known_device(token, request.tenant, user)
        if device is not None:
            return "device", f"{user[0]}|{device}"
    name = login if user is None else user[1]
    key = vault.derived("log-in names")
    return "login", hmac.digest(key, _key_of(name).encode(), "sha256").hex()


def _reserve(tenant: str, subject: bytes) -> int:
    """Counts an attempt; gives how many there are with this one."""
    now = utc_now()
    counted = database.changed(
        _COUNT,
        {
            "tenant": tenant,
            "id": new_id(),
            "subject": subject,
            "now": now,
            "stale": now - timedelta(hours=24),
        },
    )
    if counted is not None:
        return int(counted[0])
    found = database.row(_ATTEMPTS, (tenant, subject))
    if found is None or found[2] is None:
        raise _locked(1)
    raise _locked(max(1, ceil((found[2] - utc_now()).total_seconds())))


def _locked(seconds: int) -> Refused:
    return Refused(
        429,
        "AUTH_LOCKED",
        "Too many failed attempts; wait before you try again.",
        headers={"Retry-After": str(seconds)},
    )


def _checked(user: database.Row | None, password: str) -> str | None:
    """A stronger hash of the same password, where the known one is outdated."""
    known = None if user is None else user[_HASH]
    plain = unicodedata.normalize("NFKC", password)
    with _places:
        try:
            _hasher.verify(known or _NOBODY, plain)
        except (Argon2Error, InvalidHashError) as error:
            raise _Wrong from error
        if known is None:
            raise _Wrong
        return _hasher.hash(plain) if _hasher.check_needs_rehash(known) else None


def _let_in(
    request: Request, attempt: _Attempt, renewed: str | None
) -> tuple[database.Row, str, str]:
    """Writes the log-in, unless the account changed while its hash was computed."""
    tenant, known = request.tenant, attempt.user
    if known is not None and gate.has_second_factor(tenant, known[0]):
        raise not_the_floors("second factors")
    user = None if known is None else database.row(_LOCKED, (tenant, known[0]))
    if (
        known is None
        or user is None
        or (user[_STATUS], user[_HASH]) != ("active", known[_HASH])
    ):
        raise _Wrong
    now = utc_now()
    if renewed is not None:
        database.run(_REHASH, (renewed, now, tenant, user[0]))
    database.run(_FORGIVE, (tenant, attempt.subject))
    session_id = new_id()
    agent = request.environ.get("HTTP_USER_AGENT", "")[:_MAX_USER_AGENT] or None
    ends = now + timedelta(days=SESSION_DAYS)
    address = request.address
    database.run(
        _SESSION, (tenant, session_id, user[0], now, now, address, agent, ends)
    )
    token = urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    _keep(tenant, user[0], session_id, token, now)
    audit(
        request,
        "auth.login",
        "user",
        user[0],
        after={"session": session_id},
        user_id=user[0],
    )
    return user, session_id, token


def _keep(tenant: str, user: str, session: str, token: str, now: datetime) -> None:
    digest = hashlib.sha256(token.encode()).digest()
    ends = now + timedelta(days=REFRESH_DAYS)
    database.leave(_REFRESH, (tenant, new_id(), user, session, digest, now, ends))


def _note_failure(request: Request, attempt: _Attempt) -> None:
    """Tells the audit log, whoever it was; what was typed is not kept."""
    user_id = None if attempt.user is None else attempt.user[0]
    audit(request, "auth.login_failed", "user", user_id)
    if attempt.failures >= _LOCK_AFTER:
        seconds = min(60 * 2 ** min(attempt.failures - _LOCK_AFTER, 6), 3600)
        about = {
            "kind": attempt.kind,
            "failures": attempt.failures,
            "seconds": seconds,
        }
        audit(request, "auth.locked", "user", user_id, after=about)


def _device_token(tenant: str, user: database.Row) -> str:
    device = secrets.token_bytes(_DEVICE_BYTES)
    return (device + _device_mac(device, tenant, user)).hex()


def _known_device(token: str, tenant: str, user: database.Row) -> str | None:
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        return None
    device, mac = raw[:_DEVICE_BYTES], raw[_DEVICE_BYTES:]
    known = hmac.compare_digest(mac, _device_mac(device, tenant, user))
    return device.hex() if known else None


def _device_mac(device: bytes, tenant: str, user: database.Row) -> bytes:
    ids = UUID(tenant).bytes + UUID(user[0]).bytes
    bound = ids + device + user[_HASH].encode()
    return hmac.digest(vault.derived("devices"), bound, "sha256")


def _key_of(name: str) -> str:
    """As names are compared: ASCII letters in lower case, and nothing else."""
    return name.encode().lower().decode()
