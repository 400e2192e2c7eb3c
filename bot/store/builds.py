"""Queries on builds and their jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.core.telling import AWAITED
from bot.model import JOB_FAILED, Job, JobSummary, Known
from bot.store import counts, rows
from bot.store.rows import insert
from bot.store.store import Tx
from bot.store.tables import builds, cards, jobs

_NAMED = ("blocked", *sorted(JOB_FAILED))
# Made once: what is asked for with every card costs more to put together than to answer.
_KNOWN = sa.select(*rows.KNOWN)
_JOBS_NAMED = (
    sa.select(rows.text(jobs.c.job))
    .where(jobs.c.build_id == sa.bindparam("build"), jobs.c.job["state"].as_string().in_(_NAMED))
    .order_by(jobs.c.seen_at)
)


async def add(tx: Tx, value: Known, now: datetime) -> bool:
    """Write the row of a build; False, after waiting for whoever is writing it, where there is one already."""
    said = {"id": value.build.id, **rows.build_values(value.build)}
    values = {**said, **rows.known_values(value), "doubt_since": now if value.doubtful else None}
    return (await tx.execute(insert(tx, builds).values(values).on_conflict_do_nothing())).rowcount > 0


async def follow(tx: Tx, build_id: str, now: datetime, read_due: datetime | None) -> None:
    """From now on the sweep looks after this build."""
    first = sa.func.coalesce(builds.c.followed_at, sa.literal(now, builds.c.followed_at.type))
    change = {"followed": True, "followed_at": first, "read_due": read_due}
    await tx.execute(sa.update(builds).where(builds.c.id == build_id).values(change))


async def plan_read(tx: Tx, build_id: str, due: datetime | None, failures: int = 0) -> None:
    """When the build is to be read next; None: not by itself."""
    change = {"read_due": due, "read_failures": failures}
    await tx.execute(sa.update(builds).where(builds.c.id == build_id).values(change))


async def hurry(tx: Tx, pipeline: str, number: int, due: datetime) -> None:
    """Read a followed build at `due`, if nothing earlier is planned."""
    sooner = sa.or_(builds.c.read_due.is_(None), builds.c.read_due > due)
    that = (builds.c.pipeline == pipeline, builds.c.number == number, builds.c.followed)
    await tx.execute(sa.update(builds).where(*that, sooner).values(read_due=due))


async def due_for_reading(tx: Tx, now: datetime, limit: int) -> tuple[tuple[Known, int], ...]:
    """Followed builds that should be read, with how often reading has failed; doubtful ones first.

    Of those the ones whose end is to be announced: however many others wait, they wait for none of them.
    """
    doubtful = builds.c.doubt > builds.c.settled
    announced = sa.and_(doubtful, builds.c.phase.in_(AWAITED))
    found = await tx.execute(
        _KNOWN.where(builds.c.followed, builds.c.read_due <= now)
        .order_by(announced.desc(), doubtful.desc(), builds.c.read_due, builds.c.number)
        .limit(limit)
    )
    return tuple((rows.known(row), row["read_failures"]) for row in found.mappings())


async def next_read(tx: Tx) -> datetime | None:
    """When the next followed build is to be read."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(builds.c.read_due)).where(builds.c.followed))
    return when


async def known(tx: Tx, build_id: str) -> Known | None:
    """One build by its id."""
    row = (await tx.execute(_KNOWN.where(builds.c.id == build_id))).mappings().one_or_none()
    return rows.known(row) if row else None


async def in_thread(tx: Tx, channel: str, ts: str, *, previews: bool = True) -> tuple[Known, ...]:
    """Builds whose card is in that thread, or is its root; newest first; with `previews` those it links to."""
    here = sa.or_(cards.c.thread_ts == ts, cards.c.ts == ts)
    own = [] if previews else [cards.c.origin != "unfurled"]
    return await _with_card(tx, cards.c.channel == channel, here, *own)


async def in_channel(tx: Tx, channel: str) -> tuple[Known, ...]:
    """Builds with a card in that channel, newest first, at most ten."""
    return await _with_card(tx, cards.c.channel == channel)


async def _with_card(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[Known, ...]:
    query = (
        _KNOWN.join(cards, cards.c.build_id == builds.c.id)
        .where(*where)
        .order_by(cards.c.created_at.desc())
        .limit(10)
    )
    return tuple(rows.known(row) for row in (await tx.execute(query)).mappings())


async def saved_jobs(tx: Tx, ids: Sequence[str]) -> dict[str, Job]:
    """The jobs of those ids that are known."""
    if not ids:
        return {}
    found = await tx.execute(_saved_jobs(tx.dialect.name), rows.those(tx, ids))
    return {row["id"]: rows.job(row) for row in found.mappings()}


@cache
def _saved_jobs(dialect: str) -> sa.Select[Any]:
    return sa.select(jobs.c.id, rows.text(jobs.c.job)).where(rows.among(dialect, jobs.c.id))


async def named_jobs(tx: Tx, build_id: str, before: datetime) -> tuple[Job, ...]:
    """The failed and the waiting jobs of a build that were last heard of before then."""
    named = await _named(tx, _JOBS_NAMED.where(jobs.c.seen_at < before), build_id)
    return tuple(job for job in named if job.failed or job.waits)


async def summary(tx: Tx, value: Known) -> JobSummary:
    """The jobs of a build as its card shows them."""
    named = await _named(tx, _JOBS_NAMED, value.build.id)
    return JobSummary(
        counts=await counts.now(tx, value.build),
        failed=tuple(job for job in named if job.failed),
        waiting=tuple(job for job in named if job.waits),
    )


async def _named(tx: Tx, asked: sa.Select[Any], build_id: str) -> list[Job]:
    """The jobs that a card may name, the longest known first; of a thousand steps most never are."""
    return [rows.job(row) for row in (await tx.execute(asked, {"build": build_id})).mappings()]


async def count_followed(tx: Tx, *, doubtful: bool) -> int:
    """How many builds are looked after; with `doubtful` only those that a read has yet to settle."""
    where = [builds.c.followed, builds.c.read_due.is_not(None)]
    if doubtful:
        where.append(builds.c.doubt > builds.c.settled)
    return await tx.scalar(sa.select(sa.func.count()).select_from(builds).where(*where)) or 0
