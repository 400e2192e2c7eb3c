"""Catches unexpected errors, the only place that does: logs each with a reference and lets the rest continue."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from bot.errors import KitestringError

T = TypeVar("T")
log = structlog.stdlib.get_logger(__name__)


class InternalError(KitestringError):
    """A bug in the bot; `ref` finds its traceback in the log."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"Something broke on my side (ref {ref}).", "Tell the bot's operator this reference.")
        self.ref = ref


async def run_guarded(work: Awaitable[T], label: str, **ids: str | int | None) -> T:
    """Await `work`; log any exception that isn't a KitestringError, with a reference, and raise InternalError.

    `label` and `ids` are logged with it.
    """
    try:
        return await work
    except KitestringError:
        raise
    except Exception as error:
        ref = secrets.token_hex(2)
        log.exception("bug", what=label, ref=ref, error=type(error).__name__, **ids)
        raise InternalError(ref) from error
