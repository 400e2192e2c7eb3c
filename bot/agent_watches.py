"""Channels that want to know of agents: kept, and told together of what happens within a few seconds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.core.agent_news import EVENTS, item
from bot.core.observed import Facts
from bot.model import Agent, Thread
from bot.store import agent_watches as rows
from bot.store import reminders
from bot.store.agent_watches import Watch
from bot.store.store import Store, Tx

# A host that dies takes many agents with it: they are one message.
TOGETHER = timedelta(seconds=10)


class AgentWatches:
    """What operations may do with a channel's wishes."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def watch(self, thread: Thread, queue: str | None, states: tuple[str, ...], user: str) -> None:
        """Tell the channel of agents of that queue, or of all."""
        async with self._store.write() as tx:
            await rows.put(tx, Watch(Thread(thread.team, thread.channel), queue, states, user), self._clock.now())

    async def unwatch(self, thread: Thread, queue: str | None) -> int:
        """Tell it no more; says how many wishes there were."""
        async with self._store.write() as tx:
            return await rows.drop(tx, thread, queue)

    async def here(self, thread: Thread) -> tuple[Watch, ...]:
        """The channel's wishes."""
        async with self._store.read() as tx:
            return await rows.of_channel(tx, thread)


async def hear(tx: Tx, said: Iterable[Facts], now: datetime) -> None:
    """Plan what channels are told of agents, in the transaction that reads the webhooks."""
    events = [(EVENTS[facts.event], facts.agent) for facts in said if facts.agent and facts.event in EVENTS]
    if not events:
        return
    watches = await rows.wanting(tx, sorted({_queue(agent) for _state, agent in events}))
    for state, agent in events:
        for place in dict.fromkeys(one.thread for one in watches if _wants(one, state, agent)):
            id_ = f"agents:{place.team}:{place.channel}"
            await reminders.gather(tx, id_, "agents", place, item(state, agent), now + TOGETHER, now)


def _wants(one: Watch, state: str, agent: Agent) -> bool:
    return state in one.states and one.queue in (None, _queue(agent))


def _queue(agent: Agent) -> str:
    return agent.queue or "default"
