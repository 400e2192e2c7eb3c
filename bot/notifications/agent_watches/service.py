"""Starts, stops and lists the agent watches of a channel."""

from __future__ import annotations

from bot.notifications.agent_watches.queries import AgentWatch, delete_watches, find_watches_of_channel, save_watch
from bot.runtime.clock import Clock
from bot.slack.types import Thread
from bot.store.transactions import Store


class AgentWatches:
    """The agent watches of channels, for commands."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def watch(self, thread: Thread, queue: str | None, states: tuple[str, ...], user: str) -> None:
        """Notify the channel about agents of a queue, or of every queue."""
        async with self._store.write() as tx:
            await save_watch(
                tx, AgentWatch(Thread(thread.team, thread.channel), queue, states, user), self._clock.now()
            )

    async def unwatch(self, thread: Thread, queue: str | None) -> int:
        """Stop a channel's watch on a queue, or all of them; return how many there were."""
        async with self._store.write() as tx:
            return await delete_watches(tx, thread, queue)

    async def find_for_channel(self, thread: Thread) -> tuple[AgentWatch, ...]:
        """Return the channel's watches."""
        async with self._store.read() as tx:
            return await find_watches_of_channel(tx, thread)
