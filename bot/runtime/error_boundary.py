"""The one place where any error is caught: what fails is logged with a reference, and the rest goes on."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable
from typing import TypeVar

import structlog

from bot.errors import KitestringError

T = TypeVar("T")
log = structlog.stdlib.get_logger(__name__)


class InternalError(KitestringError):
    """Something broke on our side; `ref` stands in the log beside the traceback."""

    def __init__(self, ref: str) -> None:
        super().__init__(f"Something broke on my side (ref {ref}).", "Tell whoever runs me, with that reference.")
        self.ref = ref


async def run_guarded(work: Awaitable[T], label: str, **ids: str | int | None) -> T:
    """Await `work`; whatever it raises that is not meant for people becomes a Bug, once logged."""
    try:
        return await work
    except KitestringError:
        raise
    except Exception as error:
        ref = secrets.token_hex(2)
        log.exception("bug", what=label, ref=ref, error=type(error).__name__, **ids)
        raise InternalError(ref) from error
