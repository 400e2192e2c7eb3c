"""Sets up structured logs, as text or JSON, and keeps secrets out of what libraries log."""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.runtime.redaction import MASK, mask_secrets

# Below these levels the libraries log request bodies or URLs. Setting the loggers' levels isn't enough, since Bolt
# sets its own again from the root's: a filter on the handler has the last word.
_MINIMUM_LEVELS = {
    "slack_bolt": logging.ERROR,
    "slack_sdk": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "aiohttp": logging.WARNING,
    "asyncio": logging.WARNING,
    "alembic": logging.WARNING,
    "aiosqlite": logging.WARNING,
    "filelock": logging.WARNING,
    "uvicorn": logging.WARNING,
}
# The ticket in the URL of a Socket Mode connection is a credential.
_TICKET = re.compile(r"(\bticket=)[^&\s'\"]+")


def configure_logging(level: str, log_format: str) -> None:
    """Set up logging for the process; called once, at startup."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_make_formatter(log_format))
    handler.addFilter(_is_loud_enough)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name, minimum in _MINIMUM_LEVELS.items():
        logging.getLogger(name).setLevel(minimum)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common_processors(),
            structlog.processors.format_exc_info,
            _mask_traceback,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _is_loud_enough(record: logging.LogRecord) -> bool:
    return record.levelno >= _MINIMUM_LEVELS.get(record.name.partition(".")[0], logging.NOTSET)


def _common_processors() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _make_formatter(log_format: str) -> logging.Formatter:
    """Make the formatter that our own and the libraries' records share."""
    renderer: Processor = (
        structlog.processors.JSONRenderer()
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_common_processors(), _mask_foreign_event],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
    )


def _mask_foreign_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Reduce a library's record to one masked line; of an error only its type, since its text may quote a URL."""
    kind = (event.pop("exc_info", None) or (None,))[0]
    event.pop("stack_info", None)
    event["event"] = _TICKET.sub(rf"\1{MASK}", mask_secrets(str(event["event"])))
    if kind is not None:
        event["error"] = kind.__name__
    return event


def _mask_traceback(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Mask secrets in a traceback, since an exception's message may quote one."""
    if "exception" in event:
        event["exception"] = mask_secrets(str(event["exception"]))
    return event
