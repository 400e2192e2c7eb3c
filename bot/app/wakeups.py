"""Wakes loops that have work: in this process, and with PostgreSQL in every replica."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

import structlog

from bot.runtime.loop import Loop, LoopName
from bot.store.postgres_session import PostgresSession

# Seconds that delayed wakes are collected for.
_DELAY_SECONDS = 0.25
log = structlog.stdlib.get_logger(__name__)


class Wakeups:
    """Wakes loops by name. A wake may get lost without harm: every loop also checks for work on its own."""

    def __init__(self) -> None:
        self._loops: dict[LoopName, Loop] = {}
        self._session: PostgresSession | None = None
        self._is_leader: Callable[[], bool] = lambda: False
        self._unsent: set[LoopName] = set()
        self._sending: set[asyncio.Task[None]] = set()

    def register(self, loops: Iterable[Loop]) -> None:
        """Add the loops of this process. Work may wake them earlier, while it is being built, in vain."""
        self._loops.update({loop.name: loop for loop in loops})

    def join(self, session: PostgresSession, is_leader: Callable[[], bool]) -> None:
        """Carry wakes to other replicas from now on; the leader's loops run in the process that `is_leader`."""
        self._session, self._is_leader = session, is_leader

    def local_waker(self, *names: LoopName) -> Callable[[], None]:
        """Return a function that wakes those loops of this process."""
        return lambda: self.wake_local(*names)

    def waker(self, *names: LoopName) -> Callable[[], None]:
        """Return a function that wakes those loops in whichever process they run."""

        def wake() -> None:
            self.wake_local(*names)
            if self._session is not None and not self._is_leader():
                self._unsent.update(names)
                self._send(self._session)

        return wake

    def delayed_waker(self, *names: LoopName) -> Callable[[], None]:
        """Return a function that wakes those loops a little later, once for all calls made meanwhile."""
        wake, planned = self.waker(*names), [False]

        def now() -> None:
            planned[0] = False
            wake()

        def later() -> None:
            if not planned[0]:
                planned[0] = True
                asyncio.get_running_loop().call_later(_DELAY_SECONDS, now)

        return later

    def wake_local(self, *names: LoopName) -> None:
        """Wake those loops of this process, as far as its settings need them."""
        for name in names:
            if name in self._loops:
                self._loops[name].wake()

    def handle_notification(self, payload: str) -> None:
        """Wake the loops that another replica named. A newer version may name unknown ones."""
        for value in payload.split():
            try:
                self.wake_local(LoopName(value))
            except ValueError:
                log.warning("another replica woke an unknown loop", loop=value)

    def _send(self, line: PostgresSession) -> None:
        """Start sending; names added while a message is under way are sent with the next one."""
        if not self._sending:
            task = asyncio.create_task(self._notify(line))
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _notify(self, line: PostgresSession) -> None:
        while self._unsent:
            names, self._unsent = " ".join(sorted(self._unsent)), set()
            await line.notify(names)
