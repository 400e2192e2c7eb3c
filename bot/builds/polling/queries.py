"""Queries on builds whose jobs have to be read, because only a list has shown their state."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

import sqlalchemy as sa

from bot.buildkite.models import JOB_FAILED
from bot.builds.failures.model import FAILING_PHASES
from bot.builds.failures.queries import JOB_DETAILS
from bot.builds.model import TrackedBuild
from bot.builds.queries import BUILD_COLUMNS
from bot.builds.rows import build_from_row
from bot.store.sql import bind_among, is_among
from bot.store.tables import builds, cards, jobs
from bot.store.tables_notifications import findings
from bot.store.transactions import Tx


class DueJobs(NamedTuple):
    """A build whose jobs have to be read, when that was due, and how many reads have failed."""

    tracked: TrackedBuild
    due_at: datetime
    failures: int


async def find_due_jobs(tx: Tx, now: datetime, limit: int, *, important: bool) -> list[DueJobs]:
    """Return builds whose jobs have to be read, the oldest first.

    It's important for builds that fail and of which no failed job is known, for blocked ones, and for cards that
    wait to be posted; on all others, mostly the job counts are missing.
    """
    found = await tx.execute(
        sa.select(findings.c.due_at.label("jobs_due"), findings.c.attempts.label("jobs_failures"), *BUILD_COLUMNS)
        .join(builds, builds.c.id == findings.c.build_id)
        .where(_are_jobs_due(important), findings.c.due_at <= now)
        .order_by(findings.c.due_at, builds.c.number)
        .limit(limit)
    )
    return [DueJobs(build_from_row(row), row["jobs_due"], row["jobs_failures"]) for row in found.mappings()]


async def find_next_jobs_due(tx: Tx, *, important: bool) -> datetime | None:
    """Return when the jobs of the next build have to be read."""
    query = sa.select(sa.func.min(findings.c.due_at)).join(builds, builds.c.id == findings.c.build_id)
    when: datetime | None = await tx.scalar(query.where(_are_jobs_due(important)))
    return when


def _are_jobs_due(important: bool) -> sa.ColumnElement[bool]:
    unposted = sa.exists().where(cards.c.build_id == builds.c.id, cards.c.state == "live", cards.c.ts.is_(None))
    state = jobs.c.job["state"].as_string()
    failed = sa.exists().where(jobs.c.build_id == builds.c.id, state.in_(sorted(JOB_FAILED)))
    unexplained = sa.and_(builds.c.phase.in_(sorted(FAILING_PHASES)), sa.not_(failed))
    matters = sa.or_(unexplained, builds.c.phase == "blocked", unposted)
    planned = sa.and_(findings.c.kind == JOB_DETAILS, findings.c.due_at.is_not(None))
    return sa.and_(planned, matters if important else sa.not_(matters))


async def plan_jobs(tx: Tx, due: DueJobs, due_at: datetime | None, failures: int = 0) -> None:
    """Read the jobs of a build at another time, or not at all, unless that was planned anew meanwhile."""
    mine = (findings.c.build_id == due.tracked.build.id, findings.c.kind == JOB_DETAILS)
    planned = sa.update(findings).where(*mine, findings.c.due_at == due.due_at)
    await tx.execute(planned.values(due_at=due_at, attempts=failures))


async def find_tracked(tx: Tx, ids: tuple[str, ...]) -> frozenset[str]:
    """Return those of the builds that are tracked."""
    query = sa.select(builds.c.id).where(is_among(tx.dialect.name, builds.c.id))
    return frozenset(await tx.scalars(query, bind_among(tx, ids)))
