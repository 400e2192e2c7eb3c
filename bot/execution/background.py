"""Work that continues after a request is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine


class BackgroundTasks:
    """Runs work in the background and can wait for all of it."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def spawn(self, work: Coroutine[object, object, None], name: str | None = None) -> None:
        """Run work in the background and keep a reference, because asyncio itself holds only a weak one."""
        task = asyncio.create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def wait_for(self, name: str) -> bool:
        """Wait for the work of that name to end; False if there is none in this process."""
        running = [task for task in self._running if task.get_name() == name]
        await asyncio.gather(*running, return_exceptions=True)
        return bool(running)

    async def wait_at_most(self, name: str, limit: Coroutine[object, object, None]) -> None:
        """Wait for the work of that name to end, or else for `limit`; the work goes on either way.

        Return at once where there is no such work in this process.
        """
        running = [task for task in self._running if task.get_name() == name]
        timer = asyncio.create_task(limit)
        if not running:
            timer.cancel()
        try:
            await asyncio.wait({timer, *running}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()

    async def drain(self) -> int:
        """Wait for everything in progress; returns how many tasks there were."""
        count = 0
        while self._running:
            count += len(self._running)
            await asyncio.gather(*self._running, return_exceptions=True)
        return count
