"""Queries on which channels want to know of agents."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from bot.slack.types import Thread
from bot.store.sql import insert_into
from bot.store.tables_notifications import agent_watches
from bot.store.transactions import Tx

# What stands in the row of a channel that wants to know of the agents of every queue.
EVERY = ""


class Watch(NamedTuple):
    """A channel's wish to know when agents of a queue (None: of every one) come into one of these states."""

    thread: Thread
    queue: str | None
    states: tuple[str, ...]
    created_by: str


async def save_watch(tx: Tx, watch: Watch, now: datetime) -> None:
    """Keep a wish; the same queue again replaces the states."""
    values = {
        "team": watch.thread.team,
        "channel": watch.thread.channel,
        "queue": watch.queue or EVERY,
        "states": list(watch.states),
        "created_by": watch.created_by,
        "created_at": now,
    }
    change = {name: values[name] for name in ("states", "created_by", "created_at")}
    row = insert_into(tx, agent_watches).values(values)
    await tx.execute(row.on_conflict_do_update(index_elements=["team", "channel", "queue"], set_=change))


async def delete_watches(tx: Tx, thread: Thread, queue: str | None) -> int:
    """Forget a channel's wish for a queue, or all of them; says how many there were."""
    here = [agent_watches.c.team == thread.team, agent_watches.c.channel == thread.channel]
    if queue is not None:
        here.append(agent_watches.c.queue == queue)
    return (await tx.execute(sa.delete(agent_watches).where(*here))).rowcount


async def find_watches_of_channel(tx: Tx, thread: Thread) -> tuple[Watch, ...]:
    """A channel's wishes."""
    here = (agent_watches.c.team == thread.team, agent_watches.c.channel == thread.channel)
    return await _found(tx, *here)


async def find_watches_of_queues(tx: Tx, queues: Sequence[str]) -> tuple[Watch, ...]:
    """The wishes to know of agents of those queues."""
    return await _found(tx, agent_watches.c.queue.in_([EVERY, *queues]))


async def _found(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[Watch, ...]:
    query = sa.select(agent_watches).where(*where).order_by(agent_watches.c.channel, agent_watches.c.queue)
    return tuple(
        Watch(Thread(row["team"], row["channel"]), row["queue"] or None, tuple(row["states"]), row["created_by"])
        for row in (await tx.execute(query)).mappings()
    )
