"""Queries on builds and their jobs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache

import sqlalchemy as sa

from bot.buildkite.models import JOB_FAILED, Build, Job
from bot.builds.job_counts import JobMove, apply_moves, are_final
from bot.builds.model import JobSummary, TrackedBuild
from bot.builds.replies.kinds import AWAITED_PHASES
from bot.builds.rows import build_from_row, build_values, job_from_row, tracking_values
from bot.store.sql import bind_among, insert_into, is_among, json_text
from bot.store.tables import builds, cards, jobs
from bot.store.transactions import Tx

BUILD_COLUMNS = tuple(json_text(column) if column.name == "build" else column for column in builds.c)
_NAMED_STATES = ("blocked", *sorted(JOB_FAILED))
# Built once: with every card, building these statements would cost more than running them.
_SELECT_BUILDS = sa.select(*BUILD_COLUMNS)
_SELECT_NAMED_JOBS = (
    sa.select(json_text(jobs.c.job))
    .where(jobs.c.build_id == sa.bindparam("build"), jobs.c.job["state"].as_string().in_(_NAMED_STATES))
    .order_by(jobs.c.seen_at)
)


async def insert_build(tx: Tx, tracked: TrackedBuild, now: datetime) -> bool:
    """Insert the row of a build; return False if another transaction did, after waiting for it."""
    identity = {"id": tracked.build.id, **build_values(tracked.build)}
    values = {**identity, **tracking_values(tracked), "doubt_since": now if tracked.unconfirmed else None}
    return (await tx.execute(insert_into(tx, builds).values(values).on_conflict_do_nothing())).rowcount > 0


async def start_polling(tx: Tx, build_id: str, now: datetime, read_due: datetime | None) -> None:
    """Have the poller read this build from now on."""
    first = sa.func.coalesce(builds.c.followed_at, sa.literal(now, builds.c.followed_at.type))
    change = {"followed": True, "followed_at": first, "read_due": read_due}
    await tx.execute(sa.update(builds).where(builds.c.id == build_id).values(change))


async def plan_read(tx: Tx, build_id: str, due: datetime | None, failures: int = 0) -> None:
    """Set when to read the build next; None: not at all."""
    change = {"read_due": due, "read_failures": failures}
    await tx.execute(sa.update(builds).where(builds.c.id == build_id).values(change))


async def plan_earlier_read(tx: Tx, pipeline: str, number: int, due: datetime) -> None:
    """Read a polled build at `due`, unless an earlier read is planned."""
    later = sa.or_(builds.c.read_due.is_(None), builds.c.read_due > due)
    polled = (builds.c.pipeline == pipeline, builds.c.number == number, builds.c.followed)
    await tx.execute(sa.update(builds).where(*polled, later).values(read_due=due))


async def find_builds_due_for_reading(tx: Tx, now: datetime, limit: int) -> tuple[tuple[TrackedBuild, int], ...]:
    """Return polled builds that are due, each with its number of failed reads.

    Unconfirmed ends come first, then other unconfirmed builds: however many builds are due, an end that people
    wait for isn't queued behind routine reads.
    """
    unconfirmed = builds.c.doubt > builds.c.settled
    unconfirmed_end = sa.and_(unconfirmed, builds.c.phase.in_(AWAITED_PHASES))
    found = await tx.execute(
        _SELECT_BUILDS.where(builds.c.followed, builds.c.read_due <= now)
        .order_by(unconfirmed_end.desc(), unconfirmed.desc(), builds.c.read_due, builds.c.number)
        .limit(limit)
    )
    return tuple((build_from_row(row), row["read_failures"]) for row in found.mappings())


async def find_next_read_time(tx: Tx) -> datetime | None:
    """Return when the next polled build is due."""
    when: datetime | None = await tx.scalar(sa.select(sa.func.min(builds.c.read_due)).where(builds.c.followed))
    return when


async def find_build(tx: Tx, build_id: str) -> TrackedBuild | None:
    """Return a build by its id."""
    row = (await tx.execute(_SELECT_BUILDS.where(builds.c.id == build_id))).mappings().one_or_none()
    return build_from_row(row) if row else None


async def find_build_by_address(tx: Tx, pipeline: str, number: int) -> TrackedBuild | None:
    """Return a build by its pipeline and number."""
    where = (builds.c.pipeline == pipeline, builds.c.number == number)
    row = (await tx.execute(_SELECT_BUILDS.where(*where).limit(1))).mappings().first()
    return build_from_row(row) if row else None


async def find_builds_in_thread(
    tx: Tx, channel: str, ts: str, *, previews: bool = True
) -> tuple[TrackedBuild, ...]:
    """Return builds with a card in this thread or as its root, newest first; `previews` includes linked builds."""
    in_thread = sa.or_(cards.c.thread_ts == ts, cards.c.ts == ts)
    no_previews = [] if previews else [cards.c.origin != "unfurled"]
    return await _find_builds_with_card(tx, cards.c.channel == channel, in_thread, *no_previews)


async def find_builds_in_channel(tx: Tx, channel: str) -> tuple[TrackedBuild, ...]:
    """Return builds with a card in this channel, newest first, at most ten."""
    return await _find_builds_with_card(tx, cards.c.channel == channel)


async def _find_builds_with_card(tx: Tx, *where: sa.ColumnElement[bool]) -> tuple[TrackedBuild, ...]:
    query = (
        _SELECT_BUILDS.join(cards, cards.c.build_id == builds.c.id)
        .where(*where)
        .order_by(cards.c.created_at.desc())
        .limit(10)
    )
    return tuple(build_from_row(row) for row in (await tx.execute(query)).mappings())


async def find_jobs(tx: Tx, ids: Sequence[str]) -> dict[str, Job]:
    """Return the known jobs by id."""
    if not ids:
        return {}
    found = await tx.execute(_select_jobs(tx.dialect.name), bind_among(tx, ids))
    return {row["id"]: job_from_row(row) for row in found.mappings()}


@cache
def _select_jobs(dialect: str) -> sa.Executable:
    return sa.select(jobs.c.id, json_text(jobs.c.job)).where(is_among(dialect, jobs.c.id))


async def find_named_jobs(tx: Tx, build_id: str, before: datetime) -> tuple[Job, ...]:
    """Return the failed and blocked jobs of a build that were last reported before that time."""
    named = await _find_jobs_to_name(tx, _SELECT_NAMED_JOBS.where(jobs.c.seen_at < before), build_id)
    return tuple(job for job in named if job.failed or job.awaits_unblock)


async def summarize_jobs(tx: Tx, tracked: TrackedBuild) -> JobSummary:
    """Return the jobs of a build as its card shows them."""
    named = await _find_jobs_to_name(tx, _SELECT_NAMED_JOBS, tracked.build.id)
    return JobSummary(
        counts=await count_jobs(tx, tracked.build),
        failed=tuple(job for job in named if job.failed),
        waiting=tuple(job for job in named if job.awaits_unblock),
    )


async def _find_jobs_to_name(tx: Tx, query: sa.Executable, build_id: str) -> list[Job]:
    """Return the jobs that a card may name, oldest report first; most jobs of a large build are never named."""
    return [job_from_row(row) for row in (await tx.execute(query, {"build": build_id})).mappings()]


async def count_polled_builds(tx: Tx, *, unconfirmed: bool) -> int:
    """Return how many builds are polled; with `unconfirmed` only those that await a confirming read."""
    where = [builds.c.followed, builds.c.read_due.is_not(None)]
    if unconfirmed:
        where.append(builds.c.doubt > builds.c.settled)
    return await tx.scalar(sa.select(sa.func.count()).select_from(builds).where(*where)) or 0


# The length of a JSON time up to its seconds: webhooks and REST differ in the fraction.
_SECONDS = 19
_MOVE_COLUMNS = ("state_now", "began", "ended", "was_retried", "is_retry")


def _build_moves_query() -> sa.Executable:
    """Count the jobs reported since `read_at`, grouped by how they have moved since `then`."""
    job = {name: jobs.c.job[name].as_string() for name in ("state", "started_at", "finished_at", "retried")}
    began, ended = (_is_after(job[name]) for name in ("started_at", "finished_at"))
    retried = job["retried"].in_(("1", "true"))
    is_retry = jobs.c.job["retry_source"].as_string().is_not(None)
    columns = (job["state"], began, ended, retried, is_retry)
    kinds = [column.label(name) for name, column in zip(_MOVE_COLUMNS, columns, strict=True)]
    since = (jobs.c.build_id == sa.bindparam("build"), jobs.c.seen_at >= sa.bindparam("read_at"))
    return sa.select(*kinds, sa.func.count()).where(*since, job["started_at"].is_not(None)).group_by(*kinds)


def _is_after(written: sa.ColumnElement[str]) -> sa.ColumnElement[bool]:
    return sa.func.coalesce(sa.func.substr(written, 1, _SECONDS) > sa.bindparam("then"), sa.false())


_MOVES_SINCE_READ = _build_moves_query()


async def count_jobs(tx: Tx, build: Build) -> dict[str, int]:
    """Return the number of jobs by state.

    Empty for a build that was never read by its number, and for one whose end only a list has shown,
    until its jobs are read again.
    """
    counts = await _count_jobs(tx, build)
    return {} if build.ended and not are_final(counts) else counts


async def _count_jobs(tx: Tx, build: Build) -> dict[str, int]:
    read = build.job_state_counts
    if read is None:
        return {}
    if read.at is None:
        return dict(read.states)
    then = read.at.strftime("%Y-%m-%dT%H:%M:%S")
    found = await tx.execute(_MOVES_SINCE_READ, {"build": build.id, "read_at": read.at, "then": then})
    return apply_moves(
        read.states, [JobMove(str(row[0] or ""), *_parse_flags(row[1:5]), int(row[5])) for row in found]
    )


def _parse_flags(columns: Sequence[object]) -> tuple[bool, bool, bool, bool]:
    began, ended, retried, is_retry = map(bool, columns)
    return began, ended, retried, is_retry


async def mark_build_cards_due(tx: Tx, ref: str, due: datetime) -> None:
    """Mark the cards of the build `web#12` to be drawn again."""
    pipeline, _, number = ref.rpartition("#")
    same = (builds.c.pipeline == pipeline, builds.c.number == int(number))
    ids = sa.select(builds.c.id).where(*same)
    live = (cards.c.build_id.in_(ids), cards.c.state == "live")
    await tx.execute(sa.update(cards).where(*live).values(due_at=due))
