"""Settings of the process itself: where it runs, listens, stores and logs."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from core.config.kinds import (
    HOST,
    ORIGINS,
    PATH,
    RATE,
    SWITCH,
    TEXT,
    choice,
    duration,
    integer,
    url_of,
)
from core.config.variables import Variable

POSTGRES = url_of(
    "postgresql",
    "postgres",
    "postgresql+psycopg",
    example="postgresql://palestra_app:secret@db.example.com/palestra",
)
"""The address of a database, with role and password."""

_DAY_MS = 86_400_000


class Environment(StrEnum):
    """What this installation is for; production makes more settings mandatory."""

    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    CONSOLE = "console"


class LogLevel(StrEnum):
    """The least severe level that is written."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"
    CRITICAL = "critical"


@dataclass(frozen=True, kw_only=True, slots=True)
class ServerSettings:
    """Where the process runs and how it is reached."""

    environment: Annotated[
        Environment,
        Variable(
            "PALESTRA_ENV",
            choice(Environment),
            "What this installation is for; production makes more settings mandatory.",
            default="development",
            aliases=("NODE_ENV",),
        ),
    ]
    host: Annotated[
        str,
        Variable("PALESTRA_HOST", TEXT, "Address to listen on.", default="127.0.0.1"),
    ]
    port: Annotated[
        int,
        Variable("PORT", integer(1, 65535), "Port to listen on.", default="8000"),
    ]
    home: Annotated[
        Path,
        Variable(
            "PALESTRA_HOME",
            PATH,
            "Directory for keys, the embedded database and local files.",
            default="./var",
        ),
    ]
    base_domain: Annotated[
        str,
        Variable(
            "PALESTRA_BASE_DOMAIN",
            HOST,
            "A gym answers at its slug in front of this domain.",
            default="localhost",
        ),
    ]
    public_url: Annotated[
        str,
        Variable(
            "PALESTRA_PUBLIC_URL",
            url_of("http", "https", example="https://gyms.example.com"),
            "Address of the platform as people and providers see it.",
            derived="http://localhost:<PORT>",
        ),
    ]
    trusted_proxies: Annotated[
        int,
        Variable(
            "PALESTRA_TRUSTED_PROXIES",
            integer(0, 10),
            "How many reverse proxies in front may name the client's address.",
            default="0",
        ),
    ]
    workers: Annotated[
        int,
        Variable("PALESTRA_WORKERS", integer(1, 256), "Web processes.", default="2"),
    ]
    threads: Annotated[
        int,
        Variable(
            "PALESTRA_THREADS",
            integer(1, 256),
            "Requests a web process works on at the same time.",
            default="4",
        ),
    ]

    drain: Annotated[
        timedelta,
        Variable(
            "PALESTRA_DRAIN_SECONDS",
            duration("seconds", 0, 300),
            "Seconds that a stopping server still takes requests while /ready answers "
            "503, so that a load balancer turns away first.",
            default="0",
        ),
    ]

    @property
    def keys_dir(self) -> Path:
        """The directory of key files, owned and readable by the process alone."""
        return self.home / "keys"

    @property
    def is_production(self) -> bool:
        """Whether the stricter rules of production hold."""
        return self.environment is Environment.PRODUCTION


@dataclass(frozen=True, kw_only=True, slots=True)
class DatabaseSettings:
    """PostgreSQL: one connection per purpose, and what bounds each."""

    url: Annotated[
        str | None,
        Variable(
            "DATABASE_URL",
            POSTGRES,
            "Connection of requests and jobs; its role owns nothing and is held to "
            "one gym by row level security.",
            derived="the embedded server under PALESTRA_HOME",
            aliases=("MONGO_URI",),
        ),
    ] = field(repr=False)
    owner_url: Annotated[
        str | None,
        Variable(
            "PALESTRA_DATABASE_OWNER_URL",
            POSTGRES,
            "Connection of migrations; its role owns the tables.",
            derived="DATABASE_URL outside production",
        ),
    ] = field(repr=False)
    operator_url: Annotated[
        str | None,
        Variable(
            "PALESTRA_DATABASE_OPERATOR_URL",
            POSTGRES,
            "Connection of the job relay, retention and the operator's API.",
            derived="DATABASE_URL outside production",
        ),
    ] = field(repr=False)
    pool_size: Annotated[
        int,
        Variable(
            "PALESTRA_DATABASE_POOL_SIZE",
            integer(1, 500),
            "Connections one process keeps for requests and jobs.",
            default="10",
        ),
    ]
    statement_timeout: Annotated[
        timedelta,
        Variable(
            "PALESTRA_DATABASE_STATEMENT_TIMEOUT_MS",
            duration("milliseconds", 100, _DAY_MS),
            "Milliseconds after which a statement is cancelled.",
            default="15000",
        ),
    ]
    lock_timeout: Annotated[
        timedelta,
        Variable(
            "PALESTRA_DATABASE_LOCK_TIMEOUT_MS",
            duration("milliseconds", 10, _DAY_MS),
            "Milliseconds a statement waits for a lock.",
            default="5000",
        ),
    ]
    idle_in_transaction_timeout: Annotated[
        timedelta,
        Variable(
            "PALESTRA_DATABASE_IDLE_IN_TRANSACTION_TIMEOUT_MS",
            duration("milliseconds", 100, _DAY_MS),
            "Milliseconds a transaction may stand idle before its connection is cut.",
            default="30000",
        ),
    ]

    wait: Annotated[
        timedelta,
        Variable(
            "PALESTRA_DATABASE_WAIT_MS",
            duration("milliseconds", 0, 3_600_000),
            "Milliseconds that a starting process waits for its database.",
            default="60000",
        ),
    ]

    @property
    def is_embedded(self) -> bool:
        """Whether the server that ships with Palestra is used."""
        return self.url is None


@dataclass(frozen=True, kw_only=True, slots=True)
class JobSettings:
    """Background jobs."""

    redis_url: Annotated[
        str | None,
        Variable(
            "REDIS_URL",
            url_of("redis", "rediss", "unix", example="redis://localhost:6379/0"),
            "Broker of background jobs and store of shared rate limits.",
            derived="not set: jobs run in the web process",
        ),
    ] = field(repr=False)
    workers: Annotated[
        int,
        Variable("PALESTRA_JOB_WORKERS", integer(1, 64), "Job processes.", default="1"),
    ]
    threads: Annotated[
        int,
        Variable(
            "PALESTRA_JOB_THREADS",
            integer(1, 64),
            "Jobs a job process works on at the same time.",
            default="4",
        ),
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpSettings:
    """Bounds on what callers may send."""

    cors_origins: Annotated[
        tuple[str, ...],
        Variable(
            "PALESTRA_CORS_ORIGINS",
            ORIGINS,
            "Web origins that may call, for gyms that list none of their own.",
            derived="none",
            aliases=("CORS_ORIGIN",),
        ),
    ]
    body_max_bytes: Annotated[
        int,
        Variable(
            "PALESTRA_BODY_MAX_BYTES",
            integer(1024, 64 * 1024**2),
            "Largest request body, in bytes; uploads have a bound of their own.",
            default="1048576",
        ),
    ]
    rate_limit: Annotated[
        str,
        Variable(
            "PALESTRA_RATE_LIMIT",
            RATE,
            "Requests of one user, or of one address without a token, in one gym.",
            default="600/minute",
        ),
    ]
    rate_limit_auth: Annotated[
        str,
        Variable(
            "PALESTRA_RATE_LIMIT_AUTH",
            RATE,
            "Requests to the log-in and password routes, counted likewise.",
            default="20/minute",
        ),
    ]
    rate_limit_address: Annotated[
        str,
        Variable(
            "PALESTRA_RATE_LIMIT_ADDRESS",
            RATE,
            "Requests of one address over all gyms, counted before anything else.",
            default="3000/minute",
        ),
    ]
    secure_cookies: Annotated[
        bool,
        Variable(
            "PALESTRA_COOKIE_SECURE",
            SWITCH,
            "Whether cookies travel over HTTPS only.",
            derived="true, but false when PALESTRA_PUBLIC_URL is plain HTTP on "
            "localhost",
        ),
    ]
    cookie_domain: Annotated[
        str | None,
        Variable(
            "PALESTRA_SESSION_COOKIE_DOMAIN",
            HOST,
            "Domain of the session cookies; absent, each gym's host keeps its own.",
            aliases=("SESSION_COOKIE_DOMAIN",),
        ),
    ]
    allow_shared_cookie_domain: Annotated[
        bool,
        Variable(
            "PALESTRA_ALLOW_SHARED_COOKIE_DOMAIN",
            SWITCH,
            "Accept a cookie domain that hands one gym's cookies to others.",
            default="false",
        ),
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class LogSettings:
    """What the log says and how."""

    level: Annotated[
        LogLevel,
        Variable(
            "PALESTRA_LOG_LEVEL",
            choice(LogLevel),
            "Least severe level that is written.",
            default="info",
        ),
    ]
    format: Annotated[
        LogFormat,
        Variable(
            "PALESTRA_LOG_FORMAT",
            choice(LogFormat),
            "JSON lines for machines or coloured lines for people.",
            derived="console in development, else json",
        ),
    ]
