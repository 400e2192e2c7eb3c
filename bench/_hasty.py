"""An event loop whose time passes at once while nobody works, so that minutes of load take as long as the work."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")
# A database's thread may be at work when all sockets are still: only after so many seconds nobody works, and at
# most so many are passed over at once, so that what is taken for idleness costs no more than that.
_STILL, _MOST = 0.001, 0.02


class _Selector(selectors.DefaultSelector):
    """Waits no longer than a moment; what was not waited for is `skipped`, in seconds."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None or timeout <= _STILL:
            return super().select(timeout)
        found = super().select(_STILL)
        if not found:
            self.skipped += min(timeout, _MOST) - _STILL
        return found


class HastyLoop(asyncio.SelectorEventLoop):
    """Work takes as long as it takes; waiting takes no time, though it counts."""

    def __init__(self) -> None:
        self._hasty = _Selector()
        super().__init__(self._hasty)

    def time(self) -> float:
        return super().time() + self._hasty.skipped


class LoopClock:
    """The clock of whoever runs in such a loop."""

    def __init__(self, start: datetime) -> None:
        self._start = start
        self._began: float | None = None

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        at = asyncio.get_running_loop().time()
        self._began = at if self._began is None else self._began
        return at - self._began

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(seconds, 0))


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run it in such a loop."""
    with asyncio.Runner(loop_factory=HastyLoop) as runner:
        return runner.run(work)
