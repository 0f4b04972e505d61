"""Checks of the servers that Palestra speaks to besides the database."""

import smtplib
import ssl
from typing import Final
from urllib.parse import unquote, urlsplit

import redis

from core.config import Settings
from core.operations.doctor.examination import Finding, failed, ok, warning

_PATIENCE_S: Final = 5
_SMTP_PORTS: Final = {"smtp": 587, "smtps": 465}


def redis_of(settings: Settings) -> Finding:
    """Does the broker answer, and will it take what comes?"""
    url = settings.jobs.redis_url
    if url is None:
        if settings.server.is_production:
            return warning(
                "Not set: jobs run in the web processes.",
                "Set REDIS_URL and run `palestra worker`.",
            )
        return ok("Not set: jobs run in the web processes.")
    try:
        with redis.Redis.from_url(
            url, socket_connect_timeout=_PATIENCE_S, socket_timeout=_PATIENCE_S
        ) as client:
            client.ping()
            memory = client.info("memory")
    except (redis.RedisError, OSError) as error:
        return failed(
            f"It does not answer: {type(error).__name__}.",
            "Look whether it runs and REDIS_URL is right. No job is lost meanwhile.",
        )
    policy = str(memory.get("maxmemory_policy", "unknown"))
    if memory.get("maxmemory") and policy != "noeviction":
        return warning(
            f"It drops keys when it is full ({policy}), jobs on their way among them; "
            "they come back from the database, only later.",
            "Set maxmemory-policy noeviction. Persistence is not needed.",
        )
    return ok("It answers; no persistence is needed, for jobs are in the database.")


def mail_of(settings: Settings) -> Finding:
    """Does the mail server greet? Nothing is sent and nobody logs in."""
    url = settings.messaging.smtp_url
    if url is None:
        return warning("No mail server is set: no mail is sent.", "Set SMTP_URL.")
    parts = urlsplit(url)
    host = unquote(parts.hostname or "localhost")
    port = parts.port or _SMTP_PORTS[parts.scheme]
    try:
        with _greeted(parts.scheme, host, port) as server:
            code, words = server.ehlo()
    except (OSError, smtplib.SMTPException) as error:
        return failed(
            f"{host}:{port} does not answer: {type(error).__name__}.",
            "Look at SMTP_URL, the server, and whether a firewall is in between.",
        )
    if code != 250:  # noqa: PLR2004 — SMTP's word for well
        return failed(
            f"{host}:{port} refuses us: {code} {words.decode(errors='replace')[:80]}.",
            "Ask whoever looks after the mail server.",
        )
    return ok(f"{host}:{port} answers.")


def _greeted(scheme: str, host: str, port: int) -> smtplib.SMTP:
    if scheme == "smtps":
        context = ssl.create_default_context()
        return smtplib.SMTP_SSL(host, port, timeout=_PATIENCE_S, context=context)
    return smtplib.SMTP(host, port, timeout=_PATIENCE_S)
