"""The builds that have a card, as operations may ask for them."""

from __future__ import annotations

from bot.builds.model import TrackedBuild
from bot.builds.queries import find_builds_in_channel, find_builds_in_thread
from bot.slack.types import Thread
from bot.store.transactions import Store


class FollowedBuilds:
    """Reads only."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def here(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """Builds whose card or link is in this thread (or is its root), newest first; none for a bare channel."""
        if thread.ts is None:
            return ()
        async with self._store.read() as tx:
            return await find_builds_in_thread(tx, thread.channel, thread.ts)

    async def kept(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """The same without what is only shown below a link."""
        if thread.ts is None:
            return ()
        async with self._store.read() as tx:
            return await find_builds_in_thread(tx, thread.channel, thread.ts, previews=False)

    async def recent(self, channel: str) -> tuple[TrackedBuild, ...]:
        """Builds whose card is in this channel, newest first, at most ten."""
        async with self._store.read() as tx:
            return await find_builds_in_channel(tx, channel)
