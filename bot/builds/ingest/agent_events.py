from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.buildkite.models import Agent
from bot.builds.webhook_event import WebhookEvent
from bot.notifications.agent_watches.messages import EVENTS, item
from bot.notifications.agent_watches.queries import Watch, find_watches_of_queues
from bot.notifications.reminders.queries import add_to_digest
from bot.store.transactions import Tx

# A host that dies takes many agents with it: they are one message.
TOGETHER = timedelta(seconds=10)


async def hear(tx: Tx, said: Iterable[WebhookEvent], now: datetime) -> None:
    """Plan what channels are told of agents, in the transaction that reads the webhooks."""
    events = [(EVENTS[facts.event], facts.agent) for facts in said if facts.agent and facts.event in EVENTS]
    if not events:
        return
    watches = await find_watches_of_queues(tx, sorted({_queue(agent) for _state, agent in events}))
    for state, agent in events:
        for place in dict.fromkeys(watch.thread for watch in watches if _wants(watch, state, agent)):
            id_ = f"agents:{place.team}:{place.channel}"
            await add_to_digest(tx, id_, "agents", place, item(state, agent), now + TOGETHER, now)


def _wants(watch: Watch, state: str, agent: Agent) -> bool:
    return state in watch.states and watch.queue in (None, _queue(agent))


def _queue(agent: Agent) -> str:
    return agent.queue or "default"
