"""Queries on what was looked up about builds for their cards: one row a build and kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.sql import insert_into
from bot.store.tables_notifications import findings
from bot.store.transactions import Tx

FAILURE = "failure"


class Finding(NamedTuple):
    """`attempts` counts tries in vain of this episode; `due_at` is None while there is nothing to look up."""

    build_id: str
    generation: int
    content: dict[str, Any] | None
    due_at: datetime | None
    attempts: int


async def plan_lookup(tx: Tx, lives: Sequence[tuple[str, int]], now: datetime, kind: str = FAILURE) -> None:
    """Look something up at `now` of builds in an episode; another episode starts with nothing known."""
    if not lives:
        return
    row = insert_into(tx, findings)
    same = findings.c.episode == row.excluded.episode
    again = {
        "episode": row.excluded.episode,
        "due_at": row.excluded.due_at,
        "content": sa.case((same, findings.c.content), else_=sa.null()),
        "attempts": sa.case((same, findings.c.attempts), else_=0),
    }
    plain = {"kind": kind, "due_at": now, "content": None}
    values = [{"build_id": build_id, "episode": episode, **plain} for build_id, episode in lives]
    await tx.execute(row.on_conflict_do_update(index_elements=["build_id", "kind"], set_=again), values)


async def find_due_lookups(tx: Tx, now: datetime, limit: int, kind: str = FAILURE) -> tuple[Finding, ...]:
    """What is to be looked up, oldest first."""
    query = sa.select(findings).where(findings.c.kind == kind, findings.c.due_at <= now)
    found = await tx.execute(query.order_by(findings.c.due_at).limit(limit))
    return tuple(_finding(row) for row in found.mappings())


async def find_next_lookup_due(tx: Tx, kind: str = FAILURE) -> datetime | None:
    """When there is something to look up."""
    when: datetime | None = await tx.scalar(
        sa.select(sa.func.min(findings.c.due_at)).where(findings.c.kind == kind)
    )
    return when


async def find_finding(tx: Tx, build_id: str, episode: int, kind: str = FAILURE) -> Finding | None:
    """What was looked up about a build in that episode."""
    which = (findings.c.build_id == build_id, findings.c.kind == kind, findings.c.episode == episode)
    row = (await tx.execute(sa.select(findings).where(*which))).mappings().one_or_none()
    return _finding(row) if row else None


async def save_finding(
    tx: Tx,
    was: Finding,
    content: dict[str, Any],
    due_at: datetime | None,
    attempts: int,
    now: datetime,
    kind: str = FAILURE,
) -> None:
    """Write down what was found; what was planned anew meanwhile stays planned, another episode is left alone."""
    which = (findings.c.build_id == was.build_id, findings.c.kind == kind, findings.c.episode == was.generation)
    same = findings.c.due_at == sa.bindparam("was_due", was.due_at, findings.c.due_at.type)
    again = sa.bindparam("again", due_at, findings.c.due_at.type)
    values = {
        "content": content,
        "attempts": attempts,
        "at": now,
        "due_at": sa.case((same, again), else_=findings.c.due_at),
    }
    await tx.execute(sa.update(findings).where(*which).values(values))


def _finding(row: sa.RowMapping) -> Finding:
    return Finding(row["build_id"], row["episode"], row["content"], row["due_at"], row["attempts"])
