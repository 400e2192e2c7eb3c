"""Queues messages about agents for the channels that watch them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from bot.buildkite.resources import Agent
from bot.builds.webhook_event import WebhookEvent
from bot.notifications.agent_watches.messages import STATES_BY_EVENT, build_digest_item
from bot.notifications.agent_watches.queries import AgentWatch, find_watches_of_queues
from bot.notifications.reminders.queries import add_to_digest
from bot.store.transactions import Tx

# A host that dies takes many agents with it: their events become one message.
DIGEST_WINDOW = timedelta(seconds=10)


async def queue_agent_events(tx: Tx, events: Iterable[WebhookEvent], now: datetime) -> None:
    """Queue agent events for the channels that watch them, in the transaction that reads the webhooks."""
    agent_events = [
        (STATES_BY_EVENT[event.event], event.agent)
        for event in events
        if event.agent and event.event in STATES_BY_EVENT
    ]
    if not agent_events:
        return
    watches = await find_watches_of_queues(tx, sorted({_find_queue(agent) for _state, agent in agent_events}))
    for state, agent in agent_events:
        for thread in dict.fromkeys(watch.thread for watch in watches if _is_watched(watch, state, agent)):
            id_ = f"agents:{thread.team}:{thread.channel}"
            await add_to_digest(
                tx, id_, "agents", thread, build_digest_item(state, agent), now + DIGEST_WINDOW, now
            )


def _is_watched(watch: AgentWatch, state: str, agent: Agent) -> bool:
    return state in watch.states and watch.queue in (None, _find_queue(agent))


def _find_queue(agent: Agent) -> str:
    return agent.queue or "default"
