"""Rules that span several settings, and what an operator should know of them."""

from typing import Final

from core.config.derive import is_plain_localhost
from core.config.errors import Problems
from core.config.registry import VARIABLES, SettingsGroups

_OWNER: Final = "PALESTRA_DATABASE_OWNER_URL"
_OPERATOR: Final = "PALESTRA_DATABASE_OPERATOR_URL"

_NEEDED_IN_PRODUCTION: Final = (
    "DATABASE_URL",
    _OWNER,
    _OPERATOR,
    "PALESTRA_BASE_DOMAIN",
    "PALESTRA_PUBLIC_URL",
    "SMTP_URL",
)

_PAIRS: Final = (
    ("PALESTRA_GOOGLE_CLIENT_ID", "PALESTRA_GOOGLE_CLIENT_SECRET"),
    ("PALESTRA_STRIPE_SECRET_KEY", "PALESTRA_STRIPE_WEBHOOK_SECRET"),
    ("PALESTRA_OBJECT_STORAGE_ACCESS_KEY", "PALESTRA_OBJECT_STORAGE_SECRET_KEY"),
)


def find_faults(
    settings: SettingsGroups, given: frozenset[str], problems: Problems
) -> None:
    """Hold the settings against the rules that span several of them.

    Args:
        settings: The settings, faulty variables standing at their defaults.
        given: The variables that are set, soundly or not.
        problems: Takes what breaks a rule.
    """
    _check_pairs(given, problems)
    _check_production(settings, given, problems)
    _check_database(settings, given, problems)
    _check_cookies(settings, problems)
    _check_values(settings, given, problems)


def find_warnings(settings: SettingsGroups) -> tuple[str, ...]:
    """Say what works and yet deserves the operator's attention, one line each."""
    shared = settings.http.cookie_domain
    single_role = settings.database.url and settings.database.url in {
        settings.database.owner_url,
        settings.database.operator_url,
    }
    production = settings.server.is_production
    lines = {
        f"PALESTRA_SESSION_COOKIE_DOMAIN: cookies of every gym are sent to all hosts "
        f"under {shared}, other gyms' included": _is_wide(settings),
        "DATABASE_URL: one role serves more than one purpose, so the database does "
        "not hold the application to one gym": single_role,
        "PALESTRA_DATABASE_POOL_SIZE: smaller than PALESTRA_THREADS, so requests "
        "will wait for connections": (
            settings.database.pool_size < settings.server.threads
        ),
        "REDIS_URL: not set, so jobs run in the web processes and rate limits count "
        "per process": production and settings.jobs.redis_url is None,
        "PALESTRA_OBJECT_STORAGE_URL: not set, so uploads lie on this machine and a "
        "second one would not see them": production and settings.storage.url is None,
    }
    return tuple(line for line, holds in lines.items() if holds)


def _check_pairs(given: frozenset[str], problems: Problems) -> None:
    for pair in _PAIRS:
        missing = [name for name in pair if name not in given]
        if len(missing) == 1:
            other = next(name for name in pair if name in given)
            problems.add(missing[0], f"is missing beside {other}", "set both or none")


def _check_production(
    settings: SettingsGroups, given: frozenset[str], problems: Problems
) -> None:
    if not settings.server.is_production:
        return
    for name in _NEEDED_IN_PRODUCTION:
        if name not in given:
            problems.add(
                name, "is mandatory in production", VARIABLES[name].kind.remedy
            )
    url = settings.server.public_url
    if not (url.startswith("https://") or is_plain_localhost(url)):
        problems.add(
            "PALESTRA_PUBLIC_URL",
            "is not HTTPS although this is production",
            "set an address that begins with https://",
        )


def _check_database(
    settings: SettingsGroups, given: frozenset[str], problems: Problems
) -> None:
    database = settings.database
    urls = {
        "DATABASE_URL": database.url,
        _OWNER: database.owner_url,
        _OPERATOR: database.operator_url,
    }
    seen: dict[str, str] = {}
    for name, url in urls.items():
        if name in given and "DATABASE_URL" not in given:
            problems.add(
                name,
                "is set without DATABASE_URL",
                "set DATABASE_URL too, or unset it to use the embedded server",
            )
        elif settings.server.is_production and url in seen:
            problems.add(
                name,
                f"is the same connection as {seen[url]}",
                "set a connection with a role of its own",
            )
        if url is not None:
            seen.setdefault(url, name)


def _is_wide(settings: SettingsGroups) -> bool:
    # One domain serves the whole installation, so only a host beneath the base
    # domain is sure to be a single gym's.
    domain, base = settings.http.cookie_domain, settings.server.base_domain
    return domain is not None and not domain.endswith(f".{base}")


def _check_cookies(settings: SettingsGroups, problems: Problems) -> None:
    http, server = settings.http, settings.server
    if not (http.secure_cookies or is_plain_localhost(server.public_url)):
        problems.add(
            "PALESTRA_COOKIE_SECURE",
            "is false although the platform is not on plain HTTP at localhost",
            "set true or unset it",
        )
    name = "PALESTRA_SESSION_COOKIE_DOMAIN"
    if http.cookie_domain and "." not in http.cookie_domain:
        problems.add(name, "is a top-level domain", "unset it")
    elif _is_wide(settings) and not http.allow_shared_cookie_domain:
        problems.add(
            name,
            "reaches more than one gym, so one gym's cookies would go to others",
            "unset it, or set PALESTRA_ALLOW_SHARED_COOKIE_DOMAIN=true to accept that",
        )


def _check_values(
    settings: SettingsGroups, given: frozenset[str], problems: Problems
) -> None:
    auth, language = settings.auth, settings.language
    if auth.refresh_absolute_ttl < auth.refresh_ttl:
        problems.add(
            "PALESTRA_REFRESH_ABSOLUTE_DAYS",
            "is shorter than PALESTRA_REFRESH_TTL_DAYS",
            "set at least as many days",
        )
    if auth.jwt_public_key and "PALESTRA_JWT_PRIVATE_KEY" not in given:
        problems.add(
            "PALESTRA_JWT_PRIVATE_KEY",
            "is missing beside PALESTRA_JWT_PUBLIC_KEY",
            "set the key that signs, or unset the public one",
        )
    if language.default not in language.supported:
        problems.add(
            "PALESTRA_DEFAULT_LANG",
            "is not among PALESTRA_I18N_SUPPORTED_LANGS",
            f"set one of {', '.join(language.supported)}",
        )
    keyless = VARIABLES["PALESTRA_AI_TRANSLATION_PROVIDER"].default
    if language.provider != keyless and "PALESTRA_AI_TRANSLATION_KEY" not in given:
        problems.add(
            "PALESTRA_AI_TRANSLATION_KEY",
            f"is missing although the provider is {language.provider}",
            f"set the provider's key, or {keyless} as the provider",
        )
