"""Structured logs, as text or JSON; nothing of others' loggers that could hold a secret."""

from __future__ import annotations

import logging
import re
import sys

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from bot.runtime.redaction import MASK, masked

# These log request bodies or URLs below that level. Bolt gives its loggers levels of their own, by the root's:
# only the handler has the last word.
_QUIET = {
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
# A socket's address lets one connection in.
_TICKET = re.compile(r"(\bticket=)[^&\s'\"]+")


def configure(level: str, form: str) -> None:
    """Set up logging for the process: once, at its start."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(form))
    handler.addFilter(_loud_enough)
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name, least in _QUIET.items():
        logging.getLogger(name).setLevel(least)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_common(),
            structlog.processors.format_exc_info,
            _masked_trace,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _loud_enough(record: logging.LogRecord) -> bool:
    return record.levelno >= _QUIET.get(record.name.partition(".")[0], logging.NOTSET)


def _common() -> list[Processor]:
    return [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _formatter(form: str) -> logging.Formatter:
    """One form for our lines and for those of others."""
    drawn: Processor = (
        structlog.processors.JSONRenderer()
        if form == "json"
        else structlog.dev.ConsoleRenderer(
            colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*_common(), _discreet],
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, drawn],
    )


def _discreet(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Of what others log, one line without secrets; of an error its type, for its text may quote a URL."""
    kind = (event.pop("exc_info", None) or (None,))[0]
    event.pop("stack_info", None)
    event["event"] = _TICKET.sub(rf"\1{MASK}", masked(str(event["event"])))
    if kind is not None:
        event["error"] = kind.__name__
    return event


def _masked_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """An error's own words may quote what they should not."""
    if "exception" in event:
        event["exception"] = masked(str(event["exception"]))
    return event
