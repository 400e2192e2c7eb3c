"""Wakes the loops that have something to do: here, and on PostgreSQL in every replica."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.runtime.loop import Loop
from bot.store.postgres_session import PostgresSession

# Seconds.
_SOON = 0.25


class Wakeups:
    """Loops are known by name; `line` carries wakes to other replicas, where there are any.

    `alone` says that whatever is woken runs in this process. A wake may be lost: every loop also looks by itself.
    """

    def __init__(self) -> None:
        self.loops: dict[str, Loop] = {}
        self.line: PostgresSession | None = None
        self.alone: Callable[[], bool] = lambda: False
        self._unsent: set[str] = set()
        self._sending: set[asyncio.Task[None]] = set()

    def here(self, *names: str) -> Callable[[], None]:
        """Wakes those loops of this process, once there are any."""
        return lambda: self.heard(" ".join(names))

    def of(self, *names: str) -> Callable[[], None]:
        """Wakes those loops wherever they run."""

        def wake() -> None:
            self.heard(" ".join(names))
            if self.line is not None and not self.alone():
                self._unsent.update(names)
                self._send(self.line)

        return wake

    def soon(self, *names: str) -> Callable[[], None]:
        """The same a little later, once for all that comes meanwhile: where there is hardly anything to do."""
        wake, planned = self.of(*names), [False]

        def now() -> None:
            planned[0] = False
            wake()

        def later() -> None:
            if not planned[0]:
                planned[0] = True
                asyncio.get_running_loop().call_later(_SOON, now)

        return later

    def heard(self, names: str) -> None:
        """Wake those loops of this process."""
        for name in names.split():
            if name in self.loops:
                self.loops[name].wake()

    def _send(self, line: PostgresSession) -> None:
        """What is woken while a message is under way goes with the next one."""
        if not self._sending:
            task = asyncio.create_task(self._sent(line))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _sent(self, line: PostgresSession) -> None:
        while self._unsent:
            names, self._unsent = " ".join(sorted(self._unsent)), set()
            await line.notify(names)
