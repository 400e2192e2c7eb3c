"""Structured logs, as text or JSON; nothing of others' loggers that could hold a secret."""

from __future__ import annotations

import logging
import sys

import structlog

# These log request bodies or URLs below WARNING.
_QUIET = ("slack_bolt", "slack_sdk", "httpx", "httpcore", "aiohttp", "asyncio", "alembic", "uvicorn.access")


def configure(level: str, form: str) -> None:
    """Set up logging for the process: once, at its start."""
    logging.basicConfig(stream=sys.stderr, level=level.upper(), format="%(message)s")
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.ERROR if name == "slack_bolt" else logging.WARNING)
    json = form == "json"
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer()
            if json
            else structlog.dev.ConsoleRenderer(
                colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback
            ),
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
