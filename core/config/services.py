"""Settings of security and of the services the platform calls."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from core.config.kinds import (
    LANGUAGE,
    LANGUAGES,
    PATH,
    SENDER,
    TEXT,
    choice,
    duration,
    integer,
    master_key,
    master_keys,
    pem,
    url_of,
)
from core.config.variables import Variable


class TranslationProvider(StrEnum):
    """Who translates content for gyms that name no provider of their own."""

    GLOSSARY = "glossary"
    DEEPL = "deepl"
    OPENAI = "openai"
    AZURE = "azure"


@dataclass(frozen=True, kw_only=True, slots=True)
class AuthSettings:
    """Tokens, keys and password hashing."""

    access_ttl: Annotated[
        timedelta,
        Variable(
            "PALESTRA_ACCESS_TTL_MINUTES",
            duration("minutes", 1, 15),
            "Minutes an access token is good for.",
            default="15",
            aliases=("ACCESS_TTL_MINUTES", "JWT_EXPIRES_IN"),
        ),
    ]
    refresh_ttl: Annotated[
        timedelta,
        Variable(
            "PALESTRA_REFRESH_TTL_DAYS",
            duration("days", 1, 90),
            "Days an unused refresh token is good for.",
            default="14",
            aliases=("REFRESH_TTL_DAYS",),
        ),
    ]
    refresh_absolute_ttl: Annotated[
        timedelta,
        Variable(
            "PALESTRA_REFRESH_ABSOLUTE_DAYS",
            duration("days", 1, 365),
            "Days after which one must log in again, however often one came back.",
            default="90",
        ),
    ]
    jwt_private_key: Annotated[
        str | None,
        Variable(
            "PALESTRA_JWT_PRIVATE_KEY",
            pem(),
            "RSA key that signs access tokens, for installations with a secret store.",
            derived="a key file under PALESTRA_HOME/keys",
            aliases=("JWT_PRIVATE_KEY", "JWT_SECRET"),
        ),
    ] = field(repr=False)
    jwt_public_key: Annotated[
        str | None,
        Variable(
            "PALESTRA_JWT_PUBLIC_KEY",
            pem(),
            "Further RSA public keys that still, or soon, verify tokens: PEM blocks "
            "one after another.",
            derived="the public half of each signing key",
            aliases=("JWT_PUBLIC_KEY",),
        ),
    ] = field(repr=False)
    encryption_key: Annotated[
        bytes | None,
        Variable(
            "PALESTRA_ENCRYPTION_KEY",
            master_key(),
            "Master key that wraps the keys of stored secrets and personal data.",
            derived="a key file under PALESTRA_HOME/keys",
        ),
    ] = field(repr=False)
    encryption_keys_former: Annotated[
        tuple[bytes, ...],
        Variable(
            "PALESTRA_ENCRYPTION_KEYS_FORMER",
            master_keys(),
            "Further master keys that still, or soon, open what is stored.",
            derived="not set: none besides key files",
        ),
    ] = field(repr=False)
    parallel_hashes: Annotated[
        int,
        Variable(
            "PALESTRA_PARALLEL_HASHES",
            integer(1, 64),
            "Password hashes (19 MiB each) one process computes at the same time.",
            default="2",
        ),
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class MessagingSettings:
    """E-mail and text messages, for gyms that set up none of their own."""

    smtp_url: Annotated[
        str | None,
        Variable(
            "SMTP_URL",
            url_of("smtp", "smtps", example="smtp://user:secret@mail.example.com:587"),
            "Mail server; smtps:// speaks TLS from the first byte.",
            aliases=("EMAIL_*",),
        ),
    ] = field(repr=False)
    mail_from: Annotated[
        str,
        Variable(
            "PALESTRA_MAIL_FROM",
            SENDER,
            "Sender of mail.",
            derived="no-reply@<PALESTRA_BASE_DOMAIN>",
            aliases=("MAIL_FROM", "EMAIL_*"),
        ),
    ]
    sms_url: Annotated[
        str | None,
        Variable(
            "PALESTRA_SMS_URL",
            url_of(example="twilio://sid:token@+15550100/"),
            "Apprise URL of the text message service, without the recipient.",
            aliases=("SMS_*",),
        ),
    ] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class StorageSettings:
    """Where uploaded files live."""

    uploads_dir: Annotated[
        Path,
        Variable(
            "PALESTRA_UPLOADS_DIR",
            PATH,
            "Directory of uploaded files when no object store is set.",
            derived="PALESTRA_HOME/uploads",
            aliases=("UPLOADS_DIR",),
        ),
    ]
    url: Annotated[
        str | None,
        Variable(
            "PALESTRA_OBJECT_STORAGE_URL",
            url_of("s3", example="s3://bucket/prefix"),
            "Bucket, and prefix in it, of an S3-compatible object store.",
            derived="not set: files lie in PALESTRA_UPLOADS_DIR",
            aliases=("OBJECT_STORAGE_URL", "FILE_BUCKET_*"),
        ),
    ]
    endpoint: Annotated[
        str | None,
        Variable(
            "PALESTRA_OBJECT_STORAGE_ENDPOINT",
            url_of("http", "https", example="https://s3.example.com"),
            "Address of the object store.",
            derived="that of AWS for the region",
            aliases=("FILE_BUCKET_*",),
        ),
    ]
    region: Annotated[
        str,
        Variable(
            "PALESTRA_OBJECT_STORAGE_REGION",
            TEXT,
            "Region of the bucket.",
            default="us-east-1",
            aliases=("FILE_BUCKET_*",),
        ),
    ]
    access_key: Annotated[
        str | None,
        Variable(
            "PALESTRA_OBJECT_STORAGE_ACCESS_KEY",
            TEXT,
            "Access key id of the object store.",
            aliases=("FILE_BUCKET_*",),
        ),
    ] = field(repr=False)
    secret_key: Annotated[
        str | None,
        Variable(
            "PALESTRA_OBJECT_STORAGE_SECRET_KEY",
            TEXT,
            "Secret access key of the object store.",
            aliases=("FILE_BUCKET_*",),
        ),
    ] = field(repr=False)
    upload_max_bytes: Annotated[
        int,
        Variable(
            "PALESTRA_UPLOAD_MAX_BYTES",
            integer(1024, 5 * 1024**3),
            "Largest uploaded file, in bytes.",
            default="26214400",
        ),
    ]
    clamd_url: Annotated[
        str | None,
        Variable(
            "PALESTRA_CLAMD_URL",
            url_of("tcp", "unix", example="tcp://clamav:3310"),
            "ClamAV daemon that scans uploads before anyone may fetch them.",
            derived="not set: uploads are not scanned",
        ),
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageSettings:
    """Languages and machine translation."""

    default: Annotated[
        str,
        Variable(
            "PALESTRA_DEFAULT_LANG",
            LANGUAGE,
            "Language used when nothing better is known.",
            default="en",
            aliases=("DEFAULT_LANG",),
        ),
    ]
    supported: Annotated[
        tuple[str, ...],
        Variable(
            "PALESTRA_I18N_SUPPORTED_LANGS",
            LANGUAGES,
            "Languages that may be asked for.",
            default="en,de",
            aliases=("I18N_SUPPORTED_LANGS",),
        ),
    ]
    provider: Annotated[
        TranslationProvider,
        Variable(
            "PALESTRA_AI_TRANSLATION_PROVIDER",
            choice(TranslationProvider),
            "Who translates content; the glossary needs no network.",
            default="glossary",
            aliases=("AI_TRANSLATION_PROVIDER",),
        ),
    ]
    provider_key: Annotated[
        str | None,
        Variable(
            "PALESTRA_AI_TRANSLATION_KEY",
            TEXT,
            "Key of the translation provider.",
            aliases=("AI_TRANSLATION_KEY",),
        ),
    ] = field(repr=False)
    provider_url: Annotated[
        str | None,
        Variable(
            "PALESTRA_AI_TRANSLATION_URL",
            url_of("http", "https", example="https://llm.example.com/v1"),
            "Address of the translation provider.",
            derived="the provider's public address",
        ),
    ]
    cache_ttl: Annotated[
        timedelta,
        Variable(
            "PALESTRA_I18N_CACHE_TTL_DAYS",
            duration("days", 1, 365),
            "Days a cached translation is kept.",
            default="7",
            aliases=("I18N_CACHE_TTL",),
        ),
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class CalendarSettings:
    """Google Calendar, for gyms that set up no client of their own."""

    google_client_id: Annotated[
        str | None,
        Variable(
            "PALESTRA_GOOGLE_CLIENT_ID",
            TEXT,
            "Client id of the OAuth application.",
            aliases=("CALENDAR_*",),
        ),
    ]
    google_client_secret: Annotated[
        str | None,
        Variable(
            "PALESTRA_GOOGLE_CLIENT_SECRET",
            TEXT,
            "Client secret of the OAuth application.",
            aliases=("CALENDAR_*",),
        ),
    ] = field(repr=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class PaymentSettings:
    """Stripe, for gyms that set up no account of their own."""

    stripe_secret_key: Annotated[
        str | None,
        Variable(
            "PALESTRA_STRIPE_SECRET_KEY",
            TEXT,
            "Secret API key.",
            aliases=("PAYMENT_*",),
        ),
    ] = field(repr=False)
    stripe_webhook_secret: Annotated[
        str | None,
        Variable(
            "PALESTRA_STRIPE_WEBHOOK_SECRET",
            TEXT,
            "Signing secret of the webhook endpoint.",
            aliases=("PAYMENT_*",),
        ),
    ] = field(repr=False)
