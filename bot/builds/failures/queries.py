"""Queries on lookups about builds for their cards: one row per build and kind."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from bot.runtime.json_types import JsonObject
from bot.store.sql import insert_into
from bot.store.tables_notifications import findings
from bot.store.transactions import Tx

FAILURE = "failure"
JOB_DETAILS = "jobs"


class PlannedLookup(NamedTuple):
    """A lookup and its findings. `attempts` counts failed tries; `due_at` is None if nothing is planned."""

    build_id: str
    generation: int
    content: JsonObject | None
    due_at: datetime | None
    attempts: int


async def plan_lookup(tx: Tx, generations: Sequence[tuple[str, int]], now: datetime, kind: str = FAILURE) -> None:
    """Plan a lookup at `now` for builds in a generation; a new generation starts without findings."""
    if not generations:
        return
    row = insert_into(tx, findings)
    same = findings.c.episode == row.excluded.episode
    change = {
        "episode": row.excluded.episode,
        "due_at": row.excluded.due_at,
        "content": sa.case((same, findings.c.content), else_=sa.null()),
        "attempts": sa.case((same, findings.c.attempts), else_=0),
    }
    initial = {"kind": kind, "due_at": now, "content": None}
    values = [{"build_id": build_id, "episode": generation, **initial} for build_id, generation in generations]
    await tx.execute(row.on_conflict_do_update(index_elements=["build_id", "kind"], set_=change), values)


async def find_due_lookups(tx: Tx, now: datetime, limit: int, kind: str = FAILURE) -> tuple[PlannedLookup, ...]:
    """Return the lookups that are due, oldest first."""
    query = sa.select(findings).where(findings.c.kind == kind, findings.c.due_at <= now)
    found = await tx.execute(query.order_by(findings.c.due_at).limit(limit))
    return tuple(_parse_lookup(row) for row in found.mappings())


async def find_next_lookup_due(tx: Tx, kind: str = FAILURE) -> datetime | None:
    """Return when the next lookup is due."""
    when: datetime | None = await tx.scalar(
        sa.select(sa.func.min(findings.c.due_at)).where(findings.c.kind == kind)
    )
    return when


async def find_lookup(tx: Tx, build_id: str, generation: int, kind: str = FAILURE) -> PlannedLookup | None:
    """Return the lookup of a build in that generation."""
    which = (findings.c.build_id == build_id, findings.c.kind == kind, findings.c.episode == generation)
    row = (await tx.execute(sa.select(findings).where(*which))).mappings().one_or_none()
    return _parse_lookup(row) if row else None


async def save_lookup(
    tx: Tx,
    lookup: PlannedLookup,
    content: JsonObject,
    due_at: datetime | None,
    attempts: int,
    now: datetime,
    kind: str = FAILURE,
) -> None:
    """Save findings. A lookup planned again meanwhile stays planned; another generation isn't touched."""
    which = (
        findings.c.build_id == lookup.build_id,
        findings.c.kind == kind,
        findings.c.episode == lookup.generation,
    )
    is_unchanged = findings.c.due_at == sa.bindparam("was_due", lookup.due_at, findings.c.due_at.type)
    next_due = sa.bindparam("next_due", due_at, findings.c.due_at.type)
    values = {
        "content": content,
        "attempts": attempts,
        "at": now,
        "due_at": sa.case((is_unchanged, next_due), else_=findings.c.due_at),
    }
    await tx.execute(sa.update(findings).where(*which).values(values))


def _parse_lookup(row: sa.RowMapping) -> PlannedLookup:
    return PlannedLookup(row["build_id"], row["episode"], row["content"], row["due_at"], row["attempts"])
