"""Wakes the loops that have something to do: here, and on PostgreSQL in every replica."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.store.line import Line
from bot.worker import Loop


class Wakes:
    """Loops are known by name; `line` carries wakes to other replicas, where there are any.

    A wake may be lost: every loop also looks by itself.
    """

    def __init__(self) -> None:
        self.loops: dict[str, Loop] = {}
        self.line: Line | None = None
        self._sending: set[asyncio.Task[None]] = set()

    def of(self, *names: str) -> Callable[[], None]:
        """Wakes those loops, once there are any."""

        def wake() -> None:
            self.heard(" ".join(names))
            if self.line is not None and not self._sending:
                self._send(self.line, " ".join(names))

        return wake

    def heard(self, names: str) -> None:
        """Wake those loops of this process."""
        for name in names.split():
            if name in self.loops:
                self.loops[name].wake()

    def _send(self, line: Line, names: str) -> None:
        task = asyncio.create_task(line.notify(names))
        self._sending.add(task)
        task.add_done_callback(self._sending.discard)
