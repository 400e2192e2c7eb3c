"""Queries on agent watches: channels that are notified about agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from bot.slack.types import Thread
from bot.store.sql import insert_into
from bot.store.tables_notifications import agent_watches
from bot.store.transactions import Tx

# The queue in the row of a channel that watches every queue: a primary key can't be NULL.
EVERY_QUEUE = ""


class AgentWatch(NamedTuple):
    """A channel is notified when an agent of a queue enters one of these states; None stands for every queue."""

    thread: Thread
    queue: str | None
    states: tuple[str, ...]
    created_by: str


async def save_watch(tx: Tx, watch: AgentWatch, now: datetime) -> None:
    """Save a watch; one on the same queue is replaced."""
    values = {
        "team": watch.thread.team,
        "channel": watch.thread.channel,
        "queue": watch.queue or EVERY_QUEUE,
        "states": list(watch.states),
        "created_by": watch.created_by,
        "created_at": now,
    }
    change = {name: values[name] for name in ("states", "created_by", "created_at")}
    row = insert_into(tx, agent_watches).values(values)
    await tx.execute(row.on_conflict_do_update(index_elements=["team", "channel", "queue"], set_=change))


async def delete_watches(tx: Tx, thread: Thread, queue: str | None) -> int:
    """Delete a channel's watch on a queue, or all its watches; return how many there were."""
    matching = [agent_watches.c.team == thread.team, agent_watches.c.channel == thread.channel]
    if queue is not None:
        matching.append(agent_watches.c.queue == queue)
    return (await tx.execute(sa.delete(agent_watches).where(*matching))).rowcount


async def find_watches_of_channel(tx: Tx, thread: Thread) -> tuple[AgentWatch, ...]:
    """Return the watches of a channel."""
    matching = (agent_watches.c.team == thread.team, agent_watches.c.channel == thread.channel)
    return await _find_watches(tx, *matching)


async def find_watches_of_queues(tx: Tx, queues: Sequence[str]) -> tuple[AgentWatch, ...]:
    """Return the watches that cover any of these queues."""
    return await _find_watches(tx, agent_watches.c.queue.in_([EVERY_QUEUE, *queues]))


async def _find_watches(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[AgentWatch, ...]:
    query = sa.select(agent_watches).where(*where).order_by(agent_watches.c.channel, agent_watches.c.queue)
    return tuple(
        AgentWatch(
            Thread(row["team"], row["channel"]), row["queue"] or None, tuple(row["states"]), row["created_by"]
        )
        for row in (await tx.execute(query)).mappings()
    )
