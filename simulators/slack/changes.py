"""Notifies waiters and subscribers of changes in the workspace."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any

Change = dict[str, Any]


class Subscription:
    """Changes from now on; use as `async with` and iterate with `async for`."""

    def __init__(self, notices: "ChangeFeed") -> None:
        self._notices = notices
        self.queue: asyncio.Queue[Change] = asyncio.Queue()

    async def __aenter__(self) -> "Subscription":
        self._notices.subscriptions.add(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._notices.subscriptions.discard(self)

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Change:
        return await self.queue.get()


class ChangeFeed:
    """Each change wakes all waiters at once and is queued for each subscription."""

    def __init__(self) -> None:
        self.subscriptions: set[Subscription] = set()
        self._waiting: set[asyncio.Event] = set()

    def notify(self, what: str, **details: Any) -> None:
        """Announce a change: `what` is message, ephemeral, view, home, file, call, problem …"""
        for subscription in self.subscriptions:
            subscription.queue.put_nowait({"what": what, **details})
        for event in self._waiting:
            event.set()

    async def until(self, condition: Callable[[], Any], seconds: float, story: Callable[[], str]) -> Any:
        """Return the first true value of `condition`, evaluated after each change.

        Raise AssertionError with the transcript after this many real seconds.
        """
        changed = asyncio.Event()
        self._waiting.add(changed)
        try:
            async with asyncio.timeout(seconds):
                while not (outcome := condition()):
                    changed.clear()
                    await changed.wait()
            return outcome
        except TimeoutError:
            raise AssertionError(f"Waited {seconds:g} s in vain. What Slack shows:\n{story()}") from None
        finally:
            self._waiting.discard(changed)
