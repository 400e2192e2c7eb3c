"""Channels that want to know of agents: kept, and told together of what happens within a few seconds."""

from __future__ import annotations

from bot.notifications.agent_watches.queries import Watch, delete_watches, find_watches_of_channel, save_watch
from bot.runtime.clock import Clock
from bot.slack.types import Thread
from bot.store.transactions import Store


class AgentWatches:
    """What operations may do with a channel's wishes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def watch(self, thread: Thread, queue: str | None, states: tuple[str, ...], user: str) -> None:
        """Tell the channel of agents of that queue, or of all."""
        async with self._store.write() as tx:
            await save_watch(
                tx, Watch(Thread(thread.team, thread.channel), queue, states, user), self._clock.now()
            )

    async def unwatch(self, thread: Thread, queue: str | None) -> int:
        """Tell it no more; says how many wishes there were."""
        async with self._store.write() as tx:
            return await delete_watches(tx, thread, queue)

    async def here(self, thread: Thread) -> tuple[Watch, ...]:
        """The channel's wishes."""
        async with self._store.read() as tx:
            return await find_watches_of_channel(tx, thread)
