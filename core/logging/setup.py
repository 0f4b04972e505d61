"""One log for everything in the process: ours and the libraries', in one form."""

import logging
import sys
from collections.abc import Sequence
from typing import Any, Final, Protocol, TextIO

import orjson
import structlog
from structlog.stdlib import BoundLogger
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger
from typing_extensions import override

from core.logging.redaction import redact

_MAX_FRAMES: Final = 30

# Libraries that set up handlers of their own would write past the redaction.
_LIBRARIES: Final = (
    "_granian",
    "alembic",
    "dramatiq",
    "granian",
    "granian.access",
    "py.warnings",
    "sqlalchemy",
    "werkzeug",
)
# These write statements with their values, or whole addresses, at lower levels.
_WARNINGS_ONLY: Final = (
    "_granian",
    "alembic",
    "httpcore",
    "httpx",
    "sqlalchemy",
    "urllib3",
)

SERVER_LOG_CONFIG: Final[dict[str, Any]] = {
    "version": 1,
    "incremental": True,
    "formatters": {},
    "handlers": {},
    "loggers": {},
}
"""For servers that take a ``dictConfig``: with this one they leave the log alone."""

_USUAL: Final = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime"}
"""Attributes of a record besides those that ``extra`` gives it."""

_FIRST: Final = ("ts", "level", "msg", "traceId", "tenant", "userId", "module")


class LogOptions(Protocol):
    """What the log needs to know."""

    @property
    def level(self) -> str:
        """Least severe level written: debug, info, warning, error or critical."""

    @property
    def format(self) -> str:
        """The form of a line: json or console."""


class _Entry(dict[str, Any]):
    """An entry of our own loggers; the message of a library may be a dict as well."""


class _Formatter(logging.Formatter):
    """Renders every entry, ours and the libraries', in one form.

    Not structlog's ``ProcessorFormatter``: it copies each record and takes entries
    apart that were put together just before, which costs more than all that is done
    here.

    Args:
        renderers: Make a line of an entry.
    """

    def __init__(self, renderers: Sequence[Processor]) -> None:
        super().__init__()
        self._processors: tuple[Processor, ...] = (
            structlog.contextvars.merge_contextvars,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            *renderers,
        )

    @override
    def format(self, record: logging.LogRecord) -> str:
        said: object = record.msg
        # A copy: there may be other handlers, and the processors change it.
        entry: Any = dict(said) if isinstance(said, _Entry) else _of_library(record)
        entry["level"] = record.levelname.lower()
        entry["module"] = record.name
        for process in self._processors:
            entry = process(None, record.levelname, entry)
        return str(entry)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes lines, and never the raw arguments of an entry that fails to render."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        line = {
            "level": "error",
            "msg": "A log entry could not be rendered.",
            "module": record.name,
            "line": record.lineno,
        }
        self.stream.write(orjson.dumps(line).decode() + self.terminator)


def configure_logging(options: LogOptions, stream: TextIO | None = None) -> None:
    """Send every log entry of the process through one renderer.

    May be called again; the last call counts, in loggers already in use too.

    Args:
        options: Level and form.
        stream: Where lines go; standard error if None, as standard output belongs to
            what commands print.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            _hand_on,
        ],
        wrapper_class=BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    # What a record would note of its thread and process is written nowhere.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    handler = _Handler(stream or sys.stderr)
    handler.setFormatter(_Formatter(_renderers(options.format, handler.stream)))
    _take_over(handler, options.level.upper())


def get_logger(name: str) -> BoundLogger:
    """Return the logger of a module; ``name`` is the module's ``__name__``."""
    logger: BoundLogger = structlog.stdlib.get_logger(name)
    return logger


def _hand_on(
    _logger: WrappedLogger, _method: str, event: EventDict
) -> tuple[tuple[_Entry], dict[str, Any]]:
    """Gives the entry to the standard library's logger as it is."""
    return (_Entry(event),), {}


def _of_library(record: logging.LogRecord) -> dict[str, Any]:
    """The entry of a library, with what it said in ``extra``."""
    event: dict[str, Any] = {"event": record.getMessage()}
    if record.exc_info:
        event["exc_info"] = record.exc_info
    if record.stack_info:
        event["stack"] = record.stack_info
    extra = {name: value for name, value in vars(record).items() if name not in _USUAL}
    return extra | event


def _renderers(form: str, stream: TextIO) -> Sequence[Processor]:
    if form == "console":
        return (
            structlog.processors.format_exc_info,
            redact,
            structlog.dev.ConsoleRenderer(
                colors=stream.isatty(),
                timestamp_key="ts",
                exception_formatter=structlog.dev.plain_traceback,
            ),
        )
    transformer = ExceptionDictTransformer(
        # Local variables are where passwords and personal data live.
        show_locals=False,
        max_frames=_MAX_FRAMES,
    )
    return (
        structlog.processors.ExceptionRenderer(transformer),
        redact,
        structlog.processors.EventRenamer("msg"),
        _render_json,
    )


def _render_json(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    ordered: dict[str, Any] = {key: event[key] for key in _FIRST if key in event}
    return orjson.dumps(ordered | dict(event)).decode()


def _take_over(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for name in _LIBRARIES:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.setLevel(logging.NOTSET)
        library.propagate, library.disabled = True, False
    for name in _WARNINGS_ONLY:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    logging.captureWarnings(capture=True)
