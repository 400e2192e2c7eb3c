"""Queries on builds and their jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa

from bot.buildkite.models import JOB_FAILED, Build, Job
from bot.builds.job_counts import Move, moved
from bot.builds.model import JobSummary, TrackedBuild
from bot.builds.replies.kinds import AWAITED
from bot.builds.rows import build_from_row, build_values, job_from_row, tracking_values
from bot.store.sql import bind_among, insert_into, is_among, json_text
from bot.store.tables import builds, cards, jobs
from bot.store.transactions import Tx

BUILD_COLUMNS = tuple(json_text(column) if column.name == "build" else column for column in builds.c)


_NAMED = ("blocked", *sorted(JOB_FAILED))
# Made once: what is asked for with every card costs more to put together than to answer.
_SELECT_BUILDS = sa.select(*BUILD_COLUMNS)
_JOBS_NAMED = (
    sa.select(json_text(jobs.c.job))
    .where(jobs.c.build_id == sa.bindparam("build"), jobs.c.job["state"].as_string().in_(_NAMED))
    .order_by(jobs.c.seen_at)
)


async def insert_build(tx: Tx, tracked: TrackedBuild, now: datetime) -> bool:
    """Write the row of a build; False, after waiting for whoever is writing it, where there is one already."""
    said = {"id": tracked.build.id, **build_values(tracked.build)}
    values = {**said, **tracking_values(tracked), "doubt_since": now if tracked.unconfirmed else None}
    return (await tx.execute(insert_into(tx, builds).values(values).on_conflict_do_nothing())).rowcount > 0


async def mark_followed(tx: Tx, build_id: str, now: datetime, read_due: datetime | None) -> None:
    """From now on the sweep looks after this build."""
    first = sa.func.coalesce(builds.c.followed_at, sa.literal(now, builds.c.followed_at.type))
    change = {"followed": True, "followed_at": first, "read_due": read_due}
    await tx.execute(sa.update(builds).where(builds.c.id == build_id).values(change))


async def plan_read(tx: Tx, build_id: str, due: datetime | None, failures: int = 0) -> None:
    """When the build is to be read next; None: not by itself."""
    change = {"read_due": due, "read_failures": failures}
    await tx.execute(sa.update(builds).where(builds.c.id == build_id).values(change))


async def read_sooner(tx: Tx, pipeline: str, number: int, due: datetime) -> None:
    """Read a followed build at `due`, if nothing earlier is planned."""
    sooner = sa.or_(builds.c.read_due.is_(None), builds.c.read_due > due)
    that = (builds.c.pipeline == pipeline, builds.c.number == number, builds.c.followed)
    await tx.execute(sa.update(builds).where(*that, sooner).values(read_due=due))


async def find_builds_due_for_reading(tx: Tx, now: datetime, limit: int) -> tuple[tuple[TrackedBuild, int], ...]:
    """Followed builds that should be read, with how often reading has failed; doubtful ones first.

    Of those the ones whose end is to be announced: however many others wait, they wait for none of them.
    """
    doubtful = builds.c.doubt > builds.c.settled
    announced = sa.and_(doubtful, builds.c.phase.in_(AWAITED))
    found = await tx.execute(
        _SELECT_BUILDS.where(builds.c.followed, builds.c.read_due <= now)
        .order_by(announced.desc(), doubtful.desc(), builds.c.read_due, builds.c.number)
        .limit(limit)
    )
    return tuple((build_from_row(row), row["read_failures"]) for row in found.mappings())


async def find_next_read_time(tx: Tx) -> datetime | None:
    """When the next followed build is to be read."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(builds.c.read_due)).where(builds.c.followed))
    return when


async def find_build(tx: Tx, build_id: str) -> TrackedBuild | None:
    """One build by its id."""
    row = (await tx.execute(_SELECT_BUILDS.where(builds.c.id == build_id))).mappings().one_or_none()
    return build_from_row(row) if row else None


async def find_builds_in_thread(
    tx: Tx, channel: str, ts: str, *, previews: bool = True
) -> tuple[TrackedBuild, ...]:
    """Builds whose card is in that thread, or is its root; newest first; with `previews` those it links to."""
    here = sa.or_(cards.c.thread_ts == ts, cards.c.ts == ts)
    own = [] if previews else [cards.c.origin != "unfurled"]
    return await _with_card(tx, cards.c.channel == channel, here, *own)


async def find_builds_in_channel(tx: Tx, channel: str) -> tuple[TrackedBuild, ...]:
    """Builds with a card in that channel, newest first, at most ten."""
    return await _with_card(tx, cards.c.channel == channel)


async def _with_card(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[TrackedBuild, ...]:
    query = (
        _SELECT_BUILDS.join(cards, cards.c.build_id == builds.c.id)
        .where(*where)
        .order_by(cards.c.created_at.desc())
        .limit(10)
    )
    return tuple(build_from_row(row) for row in (await tx.execute(query)).mappings())


async def find_jobs(tx: Tx, ids: Sequence[str]) -> dict[str, Job]:
    """The jobs of those ids that are known."""
    if not ids:
        return {}
    found = await tx.execute(_select_jobs(tx.dialect.name), bind_among(tx, ids))
    return {row["id"]: job_from_row(row) for row in found.mappings()}


@cache
def _select_jobs(dialect: str) -> sa.Select[Any]:
    return sa.select(jobs.c.id, json_text(jobs.c.job)).where(is_among(dialect, jobs.c.id))


async def find_named_jobs(tx: Tx, build_id: str, before: datetime) -> tuple[Job, ...]:
    """The failed and the waiting jobs of a build that were last heard of before then."""
    named = await _named(tx, _JOBS_NAMED.where(jobs.c.seen_at < before), build_id)
    return tuple(job for job in named if job.failed or job.waits)


async def summarize_jobs(tx: Tx, tracked: TrackedBuild) -> JobSummary:
    """The jobs of a build as its card shows them."""
    named = await _named(tx, _JOBS_NAMED, tracked.build.id)
    return JobSummary(
        counts=await count_jobs(tx, tracked.build),
        failed=tuple(job for job in named if job.failed),
        waiting=tuple(job for job in named if job.waits),
    )


async def _named(tx: Tx, asked: sa.Select[Any], build_id: str) -> list[Job]:
    """The jobs that a card may name, the longest known first; of a thousand steps most never are."""
    return [job_from_row(row) for row in (await tx.execute(asked, {"build": build_id})).mappings()]


async def count_followed(tx: Tx, *, doubtful: bool) -> int:
    """How many builds are looked after; with `doubtful` only those that a read has yet to settle."""
    where = [builds.c.followed, builds.c.read_due.is_not(None)]
    if doubtful:
        where.append(builds.c.doubt > builds.c.settled)
    return await tx.scalar(sa.select(sa.func.count()).select_from(builds).where(*where)) or 0


# Whole seconds of a time as it is written in JSON.
_SECONDS = 19
_KINDS = ("state_now", "began", "ended", "was_retried", "again")


def _heard() -> sa.Select[Any]:
    """The jobs heard of since `read_at`, by how they have moved since `then`."""
    job = {name: jobs.c.job[name].as_string() for name in ("state", "started_at", "finished_at", "retried")}
    began, ended = (_after(job[name]) for name in ("started_at", "finished_at"))
    retried = job["retried"].in_(("1", "true"))
    again = jobs.c.job["retry_source"].as_string().is_not(None)
    kinds = [
        item.label(name) for name, item in zip(_KINDS, (job["state"], began, ended, retried, again), strict=True)
    ]
    since = (jobs.c.build_id == sa.bindparam("build"), jobs.c.seen_at >= sa.bindparam("read_at"))
    return sa.select(*kinds, sa.func.count()).where(*since, job["started_at"].is_not(None)).group_by(*kinds)


def _after(written: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(sa.func.substr(written, 1, _SECONDS) > sa.bindparam("then"), sa.false())


_HEARD = _heard()


async def count_jobs(tx: Tx, build: Build) -> dict[str, int]:
    """Jobs by their state; nothing of a build that was never asked for by number."""
    read = build.job_state_counts
    if read is None:
        return {}
    if read.at is None:
        return dict(read.states)
    then = read.at.strftime("%Y-%m-%dT%H:%M:%S")
    found = await tx.execute(_HEARD, {"build": build.id, "read_at": read.at, "then": then})
    return moved(read.states, [Move(str(row[0]), *_already_told(row[1:5]), int(row[5])) for row in found])


def _already_told(columns: Sequence[object]) -> tuple[bool, bool, bool, bool]:
    began, ended, retried, again = map(bool, columns)
    return began, ended, retried, again
