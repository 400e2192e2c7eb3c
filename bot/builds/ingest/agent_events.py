"""Queues messages about agents for the channels that watch them."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import datetime, timedelta

from bot.buildkite.resources import Agent
from bot.builds.webhook_event import WebhookEvent
from bot.notifications.agent_watches.messages import (
    AGENT_EVENT,
    LOST_AGENT,
    STATES_BY_EVENT,
    build_digest_item,
)
from bot.notifications.agent_watches.queries import AgentWatch, find_watches_of_queues
from bot.notifications.reminders.queries import (
    DueReminder,
    add_to_digest,
    complete_reminder,
    find_reminders_about,
    note_once,
    save_reminder,
)
from bot.slack.types import Thread
from bot.store.transactions import Tx

# A host that dies takes many agents with it: their events become one message.
DIGEST_WINDOW = timedelta(seconds=10)
# Later than this, it's no news that a lost agent is back, and Buildkite doesn't repeat an event.
_AWAITED = timedelta(days=1)


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
        threads = dict.fromkeys(watch.thread for watch in watches if _is_watched(watch, state, agent))
        if threads and not await _is_first_report(tx, state, agent, now):
            continue
        for thread in threads:
            await _add_to_digest(tx, thread, state, agent, now)
            if state == "lost":
                await _expect_back(tx, thread, agent, now)
        if state == "connected":
            await _announce_return(tx, agent, threads, now)


async def _is_first_report(tx: Tx, state: str, agent: Agent, now: datetime) -> bool:
    """Return whether this event wasn't reported before: Buildkite may send one again under another delivery id.

    An agent enters a state once at a time, which its payload has; one that is blocked has none.
    """
    moments = (agent.connected_at, agent.disconnected_at, agent.lost_at, agent.stopped_at)
    times = dict(zip(("connected", "disconnected", "lost", "stopped"), moments, strict=True))
    moment = times.get(state)
    about = f"{agent.id}:{moment.isoformat() if moment else ''}"
    thread = Thread("", "")
    report = DueReminder(f"{AGENT_EVENT}:{state}:{about}", AGENT_EVENT, about, thread, None, {}, now + _AWAITED)
    return await note_once(tx, report, now)


async def _add_to_digest(tx: Tx, thread: Thread, state: str, agent: Agent, now: datetime) -> None:
    id_ = f"agents:{thread.team}:{thread.channel}"
    await add_to_digest(tx, id_, "agents", thread, build_digest_item(state, agent), now + DIGEST_WINDOW, now)


async def _expect_back(tx: Tx, thread: Thread, agent: Agent, now: datetime) -> None:
    """Remember that a channel was told that an agent is lost, so that it's told when the agent is back."""
    id_ = f"{LOST_AGENT}:{thread.channel}:{_name_place(agent)}"
    forgotten = DueReminder(id_, LOST_AGENT, _name_place(agent), thread, None, {}, now + _AWAITED)
    await save_reminder(tx, forgotten, now)


async def _announce_return(tx: Tx, agent: Agent, informed: Container[Thread], now: datetime) -> None:
    """Tell the channels that were told that this agent is lost, unless they are `informed` of its connection.

    An agent that was started again has another id, but the same name.
    """
    for lost in await find_reminders_about(tx, LOST_AGENT, _name_place(agent)):
        if await complete_reminder(tx, lost) and lost.thread not in informed:
            await _add_to_digest(tx, lost.thread, "back", agent, now)


def _name_place(agent: Agent) -> str:
    return f"{_find_queue(agent)}/{agent.name}"


def _is_watched(watch: AgentWatch, state: str, agent: Agent) -> bool:
    return state in watch.states and watch.queue in (None, _find_queue(agent))


def _find_queue(agent: Agent) -> str:
    return agent.queue or "default"
