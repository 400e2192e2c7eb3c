"""Fixtures: the log, captured."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.runtime.log_setup import configure_logging


@pytest.fixture
def log_output() -> Iterator[io.StringIO]:
    """Capture the whole debug log in its format for people."""
    stream, root = io.StringIO(), logging.getLogger()
    before, level = root.handlers[:], root.level
    configure_logging("debug", "console")
    root.handlers[0].setStream(stream)  # type: ignore[attr-defined]
    yield stream
    root.handlers[:] = before
    root.setLevel(level)
    structlog.reset_defaults()
