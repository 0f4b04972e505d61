"""Settings: what they read, refuse and never show."""

import base64
from dataclasses import FrozenInstanceError
from datetime import timedelta
from pathlib import Path

import pytest

from core.config import (
    VARIABLES,
    Environment,
    LogFormat,
    LogLevel,
    Settings,
    SettingsError,
    TranslationProvider,
)

PEM = "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADAN\n-----END PRIVATE KEY-----\n"
MASTER_KEY = bytes(range(32))

PRODUCTION = {
    "PALESTRA_ENV": "production",
    "DATABASE_URL": "postgresql://app:hush-app@db.example.com/palestra",
    "PALESTRA_DATABASE_OWNER_URL": "postgresql://owner:hush-own@db.example.com/p",
    "PALESTRA_DATABASE_OPERATOR_URL": "postgresql://op:hush-op@db.example.com/p",
    "PALESTRA_BASE_DOMAIN": "gyms.example.com",
    "PALESTRA_PUBLIC_URL": "https://gyms.example.com/",
    "SMTP_URL": "smtp://mailer:hush-mail@mail.example.com:587",
    "REDIS_URL": "redis://:hush-redis@cache.example.com/0",
    "PALESTRA_OBJECT_STORAGE_URL": "s3://bucket",
}

SECRET_SAMPLES = {
    "PALESTRA_JWT_PRIVATE_KEY": PEM,
    "PALESTRA_JWT_PUBLIC_KEY": PEM.replace("PRIVATE", "PUBLIC"),
    "PALESTRA_ENCRYPTION_KEY": base64.b64encode(MASTER_KEY).decode(),
    "PALESTRA_ENCRYPTION_KEYS_FORMER": base64.b64encode(MASTER_KEY[::-1]).decode(),
    "PALESTRA_SMS_URL": "twilio://hush-sms@example.com",
    "PALESTRA_OBJECT_STORAGE_ACCESS_KEY": "hush-access",
    "PALESTRA_OBJECT_STORAGE_SECRET_KEY": "hush-storage",
    "PALESTRA_AI_TRANSLATION_KEY": "hush-translation",
    "PALESTRA_GOOGLE_CLIENT_SECRET": "hush-google",
    "PALESTRA_STRIPE_SECRET_KEY": "hush-stripe",
    "PALESTRA_STRIPE_WEBHOOK_SECRET": "hush-webhook",
    "PALESTRA_DATABASE_BACKUP_URL": "postgresql://b:hush-backup@db.example.com/p",
    "PALESTRA_BACKUP_PASSPHRASE": "hush-passphrase",
    "PALESTRA_METRICS_TOKEN": "hush-metrics",
    "PALESTRA_BACKUP_KEY": "AGE-SECRET-KEY-1" + "Q" * 58,
}


def problems_of(environ: dict[str, str]) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    assert str(caught.value).splitlines() == caught.value.problems
    return dict(line.split(": ", 1) for line in caught.value.problems)


def test_an_empty_environment_is_enough_for_development() -> None:
    settings = Settings.load({})

    assert settings.server.environment is Environment.DEVELOPMENT
    assert (settings.server.host, settings.server.port) == ("127.0.0.1", 8000)
    assert settings.server.home == Path("var").absolute()
    assert settings.server.keys_dir == settings.server.home / "keys"
    assert settings.server.public_url == "http://localhost:8000"
    assert settings.database.is_embedded
    assert settings.database.owner_url is None
    assert settings.jobs.redis_url is None
    assert settings.auth.access_ttl == timedelta(minutes=15)
    assert settings.auth.refresh_ttl == timedelta(days=14)
    assert settings.http.body_max_bytes == 1024 * 1024
    assert settings.http.cookie_domain is None
    assert settings.http.secure_cookies is False
    assert settings.http.cors_origins == ()
    assert settings.messaging.mail_from == "no-reply@localhost"
    assert settings.storage.uploads_dir == settings.server.home / "uploads"
    assert settings.language.supported == ("en", "de")
    assert settings.log.format is LogFormat.CONSOLE
    assert settings.warnings == ()


def test_production_with_everything_mandatory_loads_without_a_warning() -> None:
    settings = Settings.load(PRODUCTION)

    assert settings.server.is_production
    assert settings.server.public_url == "https://gyms.example.com"
    assert settings.http.secure_cookies is True
    assert settings.messaging.mail_from == "no-reply@gyms.example.com"
    assert settings.log.format is LogFormat.JSON
    assert settings.warnings == ()


def test_values_are_typed() -> None:
    settings = Settings.load(
        {
            "PALESTRA_ENV": "Test",
            "PORT": "9000",
            "PALESTRA_HOME": "/srv/palestra",
            "PALESTRA_BASE_DOMAIN": "Gyms.Example.com",
            "PALESTRA_COOKIE_SECURE": "yes",
            "PALESTRA_CORS_ORIGINS": "https://a.example.com, http://localhost:5173",
            "PALESTRA_DATABASE_LOCK_TIMEOUT_MS": "250",
            "PALESTRA_LOG_LEVEL": "WARNING",
            "PALESTRA_AI_TRANSLATION_PROVIDER": "deepl",
            "PALESTRA_MAIL_FROM": "Palestra <hello@example.com>",
            **SECRET_SAMPLES,
            "PALESTRA_JWT_PRIVATE_KEY": PEM.replace("\n", "\\n"),
            "PALESTRA_GOOGLE_CLIENT_ID": "client",
        }
    )

    assert settings.server.environment is Environment.TEST
    assert settings.server.base_domain == "gyms.example.com"
    assert settings.server.public_url == "http://localhost:9000"
    assert settings.storage.uploads_dir == Path("/srv/palestra/uploads")
    assert settings.http.secure_cookies is True
    assert settings.http.cors_origins == (
        "https://a.example.com",
        "http://localhost:5173",
    )
    assert settings.database.lock_timeout == timedelta(milliseconds=250)
    assert settings.log.level is LogLevel.WARNING
    assert settings.language.provider is TranslationProvider.DEEPL
    assert settings.messaging.mail_from == "Palestra <hello@example.com>"
    assert settings.auth.jwt_private_key == PEM
    assert settings.auth.encryption_key == MASTER_KEY


def test_settings_cannot_be_changed() -> None:
    settings = Settings.load({})
    with pytest.raises(FrozenInstanceError):
        settings.server.port = 1  # type: ignore[misc]  # the very thing under test


def test_the_environment_of_the_process_is_read_by_default(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORT", "8123")
    assert Settings.load().server.port == 8123
    assert Settings.load({}).server.port == 8000


def test_empty_variables_count_as_absent() -> None:
    settings = Settings.load({"PORT": "", "DATABASE_URL": "  ", "SMTP_URL": ""})
    assert settings.server.port == 8000
    assert settings.database.is_embedded
    assert settings.messaging.smtp_url is None


def test_all_problems_come_at_once_and_say_what_to_do() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.load(
            {
                "PORT": "abc",
                "PALESTRA_ACCESS_TTL_MINUTES": "16",
                "PALESTRA_LOG_FORMAT": "xml",
            }
        )
    assert sorted(str(caught.value).splitlines()) == [
        (
            "PALESTRA_ACCESS_TTL_MINUTES: must be greater than or equal to 1 and less "
            "than or equal to 15; set a whole number of minutes from 1 to 15"
        ),
        "PALESTRA_LOG_FORMAT: not one of the known words; set one of json, console",
        "PORT: not a valid integer; set a whole number from 1 to 65535",
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "0"),
        ("PORT", "80.5"),
        ("DATABASE_URL", "mysql://db/palestra"),
        ("DATABASE_URL", "postgresql://"),
        ("DATABASE_URL", "postgresql://db:port/x"),
        ("REDIS_URL", "localhost:6379"),
        ("SMTP_URL", "http://mail"),
        ("PALESTRA_BASE_DOMAIN", "https://example.com"),
        ("PALESTRA_BASE_DOMAIN", "-a.example"),
        ("PALESTRA_COOKIE_SECURE", "perhaps"),
        ("PALESTRA_CORS_ORIGINS", "*"),
        ("PALESTRA_CORS_ORIGINS", "https://*.example.com"),
        ("PALESTRA_CORS_ORIGINS", "https://a.example.com/path"),
        ("PALESTRA_CORS_ORIGINS", "https://a.example.com,ftp://b.example.com"),
        ("PALESTRA_CORS_ORIGINS", "https://[::1"),
        ("PALESTRA_RATE_LIMIT", "many"),
        ("PALESTRA_RATE_LIMIT", "0/minute"),
        ("PALESTRA_RATE_LIMIT", "10000000/minute"),
        ("PALESTRA_RATE_LIMIT", "9" * 5000 + "/minute"),
        ("PALESTRA_MAIL_FROM", "nobody"),
        ("PALESTRA_I18N_SUPPORTED_LANGS", "en,german"),
        ("PALESTRA_DEFAULT_LANG", "EN"),
        ("PALESTRA_ENCRYPTION_KEY", "not base64!"),
        ("PALESTRA_ENCRYPTION_KEY", base64.b64encode(b"short").decode()),
        ("PALESTRA_ENCRYPTION_KEYS_FORMER", "not base64!"),
        ("PALESTRA_ENCRYPTION_KEYS_FORMER", base64.b64encode(b"short").decode()),
        ("PALESTRA_JWT_PRIVATE_KEY", "secret"),
        ("PALESTRA_JWT_PRIVATE_KEY", PEM.replace("END", "BEGIN")),
        ("PALESTRA_SMS_URL", "twilio"),
        ("PALESTRA_OBJECT_STORAGE_URL", "gs://bucket"),
    ],
)
def test_a_faulty_value_is_one_line_under_its_name(name: str, text: str) -> None:
    problems = problems_of({name: text})
    assert list(problems) == [name]
    assert problems[name].endswith(VARIABLES[name].kind.remedy)


def test_a_rate_beyond_its_bound_is_told_the_bound() -> None:
    name = "PALESTRA_RATE_LIMIT_ADDRESS"
    assert "9999999" in problems_of({name: "10000000/minute"})[name]
    settings = Settings.load({name: "9999999/minute"})
    assert settings.http.rate_limit_address == "9999999/minute"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("PALESTRA_ACESS_TTL_MINUTES", "PALESTRA_ACCESS_TTL_MINUTES"),
        ("PALESTRA_PORT", "PORT"),
        ("PALESTRA_DATABASE_URL", "DATABASE_URL"),
        ("PALESTRA_JWT_SECRET", "PALESTRA_JWT_PRIVATE_KEY"),
        ("PALESTRA_LOG_LEVEL_FILE", "PALESTRA_LOG_LEVEL"),
    ],
)
def test_an_unknown_variable_is_refused_with_a_suggestion(
    name: str, meant: str
) -> None:
    assert problems_of({name: "1"}) == {
        name: f"is not a setting; did you mean {meant}?"
    }


def test_an_unknown_variable_like_no_other_is_to_be_unset() -> None:
    assert problems_of({"PALESTRA_XYZZY": "1"}) == {
        "PALESTRA_XYZZY": "is not a setting; unset it"
    }


def test_foreign_variables_are_none_of_our_business() -> None:
    assert Settings.load({"HOME": "/root", "NODE_ENV": "x"}).server.port == 8000


def test_production_names_everything_that_is_missing() -> None:
    assert set(problems_of({"PALESTRA_ENV": "production"})) == {
        "DATABASE_URL",
        "PALESTRA_DATABASE_OWNER_URL",
        "PALESTRA_DATABASE_OPERATOR_URL",
        "PALESTRA_BASE_DOMAIN",
        "PALESTRA_PUBLIC_URL",
        "SMTP_URL",
    }


def test_production_wants_a_role_for_each_purpose() -> None:
    same = {"PALESTRA_DATABASE_OPERATOR_URL": PRODUCTION["DATABASE_URL"]}
    assert problems_of(PRODUCTION | same) == {
        "PALESTRA_DATABASE_OPERATOR_URL": (
            "is the same connection as DATABASE_URL; "
            "set a connection with a role of its own"
        )
    }


def test_development_may_use_one_role_and_is_warned() -> None:
    url = "postgres://me@localhost/palestra"
    settings = Settings.load({"DATABASE_URL": url})
    assert settings.database.owner_url == settings.database.operator_url == url
    assert [line.split(":")[0] for line in settings.warnings] == ["DATABASE_URL"]


def test_an_owner_connection_needs_the_main_one() -> None:
    environ = {"PALESTRA_DATABASE_OWNER_URL": "postgres://me@localhost/palestra"}
    assert set(problems_of(environ)) == {"PALESTRA_DATABASE_OWNER_URL"}


def test_a_faulty_value_brings_no_second_complaint() -> None:
    assert set(problems_of(PRODUCTION | {"DATABASE_URL": "nonsense"})) == {
        "DATABASE_URL"
    }


def test_production_without_redis_or_object_store_is_warned() -> None:
    environ = dict(PRODUCTION)
    del environ["REDIS_URL"], environ["PALESTRA_OBJECT_STORAGE_URL"]
    names = [line.split(":")[0] for line in Settings.load(environ).warnings]
    assert names == ["REDIS_URL", "PALESTRA_OBJECT_STORAGE_URL"]


def test_a_pool_smaller_than_the_threads_is_warned() -> None:
    warnings = Settings.load({"PALESTRA_DATABASE_POOL_SIZE": "2"}).warnings
    assert [line.split(":")[0] for line in warnings] == ["PALESTRA_DATABASE_POOL_SIZE"]


@pytest.mark.parametrize(
    "domain", ["gyms.example.com", ".example.com", "example.com", "other.example"]
)
def test_a_cookie_domain_of_several_gyms_is_refused_unless_allowed(
    domain: str,
) -> None:
    environ = PRODUCTION | {"PALESTRA_SESSION_COOKIE_DOMAIN": domain}
    assert set(problems_of(environ)) == {"PALESTRA_SESSION_COOKIE_DOMAIN"}

    allowed = environ | {"PALESTRA_ALLOW_SHARED_COOKIE_DOMAIN": "true"}
    settings = Settings.load(allowed)
    assert settings.http.cookie_domain == domain.removeprefix(".")
    (warning,) = settings.warnings
    assert domain.removeprefix(".") in warning


def test_a_cookie_domain_of_one_gym_is_fine() -> None:
    environ = PRODUCTION | {"PALESTRA_SESSION_COOKIE_DOMAIN": "iron.gyms.example.com"}
    assert Settings.load(environ).warnings == ()


def test_a_top_level_cookie_domain_is_refused_even_when_allowed() -> None:
    environ = PRODUCTION | {
        "PALESTRA_SESSION_COOKIE_DOMAIN": ".example",
        "PALESTRA_ALLOW_SHARED_COOKIE_DOMAIN": "true",
    }
    assert problems_of(environ) == {
        "PALESTRA_SESSION_COOKIE_DOMAIN": "is a top-level domain; unset it"
    }


@pytest.mark.parametrize(
    ("environ", "faulty"),
    [
        (PRODUCTION | {"PALESTRA_COOKIE_SECURE": "false"}, "PALESTRA_COOKIE_SECURE"),
        (PRODUCTION | {"PALESTRA_PUBLIC_URL": "http://g.org"}, "PALESTRA_PUBLIC_URL"),
        (
            {"PALESTRA_REFRESH_TTL_DAYS": "30", "PALESTRA_REFRESH_ABSOLUTE_DAYS": "7"},
            "PALESTRA_REFRESH_ABSOLUTE_DAYS",
        ),
        ({"PALESTRA_DEFAULT_LANG": "fr"}, "PALESTRA_DEFAULT_LANG"),
        ({"PALESTRA_AI_TRANSLATION_PROVIDER": "deepl"}, "PALESTRA_AI_TRANSLATION_KEY"),
        ({"PALESTRA_JWT_PUBLIC_KEY": PEM}, "PALESTRA_JWT_PRIVATE_KEY"),
        ({"PALESTRA_GOOGLE_CLIENT_ID": "id"}, "PALESTRA_GOOGLE_CLIENT_SECRET"),
        ({"PALESTRA_STRIPE_WEBHOOK_SECRET": "s"}, "PALESTRA_STRIPE_SECRET_KEY"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    environ: dict[str, str], faulty: str
) -> None:
    assert set(problems_of(environ)) == {faulty}


def test_every_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secrets = SECRET_SAMPLES | {
        name: PRODUCTION[name] for name in VARIABLES.keys() & PRODUCTION.keys()
    }
    environ = {"PALESTRA_GOOGLE_CLIENT_ID": "client"}
    for name, text in secrets.items():
        if VARIABLES[name].secret:
            path = tmp_path / name
            path.write_text(text + "\n")
            environ[f"{name}_FILE"] = str(path)
        else:
            environ[name] = text

    direct = Settings.load(secrets | {"PALESTRA_GOOGLE_CLIENT_ID": "client"})
    assert Settings.load(environ) == direct
    files = {name for name in environ if name.endswith("_FILE")}
    assert files == {f"{name}_FILE" for name in VARIABLES if VARIABLES[name].secret}


def test_an_unreadable_secret_file_is_one_problem(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    remedy = "set the path of a readable text file"
    for file, wrong in {
        "absent": "its file cannot be read (No such file or directory)",
        "empty": "its file is empty",
        "binary": "its file is not UTF-8 text",
    }.items():
        environ = dict(PRODUCTION)
        del environ["DATABASE_URL"]
        environ["DATABASE_URL_FILE"] = str(tmp_path / file)
        assert problems_of(environ) == {"DATABASE_URL_FILE": f"{wrong}; {remedy}"}


def test_a_secret_given_twice_is_refused(tmp_path: Path) -> None:
    environ = {
        "SMTP_URL": "smtp://mail.example.com",
        "SMTP_URL_FILE": str(tmp_path / "x"),
    }
    assert set(problems_of(environ)) == {"SMTP_URL"}


def test_secrets_show_neither_in_settings_nor_in_problems() -> None:
    secrets = PRODUCTION | SECRET_SAMPLES | {"PALESTRA_GOOGLE_CLIENT_ID": "client"}
    settings = Settings.load(secrets)
    shown = repr(settings) + str(settings)
    assert "gyms.example.com" in shown
    assert set(SECRET_SAMPLES) <= {n for n, v in VARIABLES.items() if v.secret}
    assert "hush" not in shown
    assert "BEGIN" not in shown
    assert repr(MASTER_KEY) not in shown

    broken = {
        name: f"hush {text}" for name, text in secrets.items() if VARIABLES[name].secret
    }
    with pytest.raises(SettingsError) as caught:
        Settings.load(broken | {"PALESTRA_ENV": "production", "PORT": "hush"})
    assert "hush" not in str(caught.value)
