"""Queries on the recorded runs and attempts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

import sqlalchemy as sa

from bot.buildkite.models import Build
from bot.history.model import VERDICTS, Attempt, Run
from bot.store.bulk import write_all
from bot.store.sql import Upsert, insert_for_dialect
from bot.store.tables import cards, deliveries
from bot.store.tables_notifications import attempts, runs
from bot.store.transactions import Tx

# Builds from which the usual duration is computed: enough to forget old habits, and at least three.
_USUAL_FROM, _USUAL_LEAST = 15, 3
_ENDED = ("passed", "failed", "canceled", "skipped", "not_run", "blocked")


async def save_runs(tx: Tx, recorded: Sequence[Run]) -> None:
    """Record runs. A recorded end isn't replaced by a report without an end or with an earlier end."""
    await write_all(tx, _upsert_run, [vars(run) for run in recorded])


def _upsert_run(dialect: str, _columns: Sequence[str]) -> Upsert:
    row = insert_for_dialect(dialect, runs)
    new, old = row.excluded, runs.c
    changed = {name: new[name] for name in new.keys() if name not in ("id", "pipeline", "number")}  # noqa: SIM118
    later = sa.or_(
        old.finished_at.is_(None),
        new.finished_at >= old.finished_at,
        sa.and_(new.finished_at.is_(None), old.phase == "blocked", new.phase != "scheduled"),
    )
    return row.on_conflict_do_update(index_elements=["id"], set_=changed, where=later)


async def save_attempts(tx: Tx, recorded: Sequence[Attempt]) -> None:
    """Record finished attempts, each once; a later report replaces an earlier one."""
    await write_all(tx, _upsert_attempt, [vars(attempt) for attempt in recorded])


def _upsert_attempt(dialect: str, _columns: Sequence[str]) -> Upsert:
    row = insert_for_dialect(dialect, attempts)
    changed = {name: row.excluded[name] for name in row.excluded.keys() if name != "id"}  # noqa: SIM118
    return row.on_conflict_do_update(index_elements=["id"], set_=changed)


async def find_branches(tx: Tx, pipeline: str, limit: int = 100) -> tuple[str, ...]:
    """Return the branches of a pipeline's recorded builds, those of the newest builds first."""
    newest = sa.func.max(runs.c.number).desc()
    query = sa.select(runs.c.branch).where(runs.c.pipeline == pipeline, runs.c.branch != "")
    return tuple(await tx.scalars(query.group_by(runs.c.branch).order_by(newest).limit(limit)))


async def find_previous_run(tx: Tx, pipeline: str, branch: str, number: int) -> Run | None:
    """Return the build of that pipeline and branch that passed or failed last before that number."""
    query = (
        sa.select(runs)
        .where(runs.c.pipeline == pipeline, runs.c.branch == branch, runs.c.number < number)
        .where(runs.c.phase.in_(sorted(VERDICTS)))
        .order_by(runs.c.number.desc())
        .limit(1)
    )
    row = (await tx.execute(query)).mappings().one_or_none()
    return Run(**row) if row else None


async def find_last_passed_run(tx: Tx, pipeline: str, branch: str, before: int) -> Run | None:
    """Return the build of that pipeline and branch that passed last before that number."""
    query = (
        sa.select(runs)
        .where(runs.c.pipeline == pipeline, runs.c.branch == branch, runs.c.number < before)
        .where(runs.c.phase == "passed")
        .order_by(runs.c.number.desc())
        .limit(1)
    )
    row = (await tx.execute(query)).mappings().one_or_none()
    return Run(**row) if row else None


async def find_usual_duration(tx: Tx, pipeline: str, branch: str, before: int) -> timedelta | None:
    """Return the median duration of the last builds of a pipeline and branch that passed; None if too few."""
    query = (
        sa.select(runs.c.started_at, runs.c.finished_at)
        .where(runs.c.pipeline == pipeline, runs.c.branch == branch, runs.c.number < before)
        .where(runs.c.phase == "passed", runs.c.started_at.is_not(None), runs.c.finished_at.is_not(None))
        .order_by(runs.c.number.desc())
        .limit(_USUAL_FROM)
    )
    durations = sorted(finished - started for started, finished in await tx.execute(query))
    return durations[len(durations) // 2] if len(durations) >= _USUAL_LEAST else None


async def find_attempts_of_build(tx: Tx, build_id: str) -> tuple[Attempt, ...]:
    """Return the finished attempts of a build, in the order in which they ended."""
    query = sa.select(attempts).where(attempts.c.build_id == build_id).order_by(attempts.c.finished_at)
    return tuple(Attempt(**row) for row in (await tx.execute(query)).mappings())


async def find_attempts_of_commit(tx: Tx, pipeline: str, commit: str, limit: int = 500) -> tuple[Attempt, ...]:
    """Return the finished attempts at a commit of a pipeline, in any build, newest first."""
    if not commit or commit == "HEAD":
        return ()
    query = (
        sa.select(attempts)
        .where(attempts.c.pipeline == pipeline, attempts.c.commit == commit)
        .order_by(attempts.c.finished_at.desc())
        .limit(limit)
    )
    return tuple(Attempt(**row) for row in (await tx.execute(query)).mappings())


async def find_attempts_on_branch(
    tx: Tx, line: tuple[str, str], before: int, steps: Sequence[str], most: int = 100
) -> tuple[tuple[int, tuple[Attempt, ...]], ...]:
    """Return the attempts at these steps by build, newest build first.

    They are those of the last `most` builds of a pipeline and branch (`line`) that passed or failed before that
    number; builds in which none of the steps ran are left out.
    """
    pipeline, branch = line
    last = (
        sa.select(runs.c.id, runs.c.number)
        .where(runs.c.pipeline == pipeline, runs.c.branch == branch, runs.c.number < before)
        .where(runs.c.phase.in_(sorted(VERDICTS)))
        .order_by(runs.c.number.desc())
        .limit(most)
        .subquery()
    )
    query = (
        sa.select(last.c.number, attempts)
        .join_from(last, attempts, attempts.c.build_id == last.c.id)
        .where(attempts.c.step.in_(steps))
        .order_by(last.c.number.desc(), attempts.c.finished_at)
    )
    found = (await tx.execute(query)).mappings()
    by_build = groupby(found, key=itemgetter("number"))
    return tuple((number, tuple(_parse_numbered_attempt(row) for row in rows)) for number, rows in by_build)


def _parse_numbered_attempt(row: sa.RowMapping) -> Attempt:
    return Attempt(**{name: value for name, value in row.items() if name != "number"})


async def find_attempts_at_steps(
    tx: Tx, pipeline: str, steps: Sequence[str], since: datetime, until: datetime, limit: int = 2000
) -> tuple[Attempt, ...]:
    """Return the attempts at these steps that ended in that time, `until` included, newest first."""
    query = (
        sa.select(attempts)
        .where(attempts.c.pipeline == pipeline, attempts.c.step.in_(steps))
        .where(attempts.c.finished_at > since, attempts.c.finished_at <= until)
        .order_by(attempts.c.finished_at.desc())
        .limit(limit)
    )
    return tuple(Attempt(**row) for row in (await tx.execute(query)).mappings())


async def find_runs_ended_between(
    tx: Tx, since: datetime, until: datetime, pipelines: Sequence[str] = ()
) -> tuple[Run, ...]:
    """Return the builds that ended in that time, oldest first; of these pipelines, or of all."""
    which = [runs.c.finished_at >= since, runs.c.finished_at < until, runs.c.phase.in_(_ENDED)]
    if pipelines:
        which.append(runs.c.pipeline.in_(pipelines))
    query = sa.select(runs).where(*which).order_by(runs.c.finished_at)
    return tuple(Run(**row) for row in (await tx.execute(query)).mappings())


async def find_attempts_ended_between(
    tx: Tx, since: datetime, until: datetime, pipelines: Sequence[str] = ()
) -> tuple[Attempt, ...]:
    """Return the attempts that ended in that time, oldest first; of these pipelines, or of all."""
    which = [attempts.c.finished_at >= since, attempts.c.finished_at < until]
    if pipelines:
        which.append(attempts.c.pipeline.in_(pipelines))
    query = sa.select(attempts).where(*which).order_by(attempts.c.finished_at)
    return tuple(Attempt(**row) for row in (await tx.execute(query)).mappings())


async def find_runs_of_person(tx: Tx, emails: Sequence[str], since: datetime, limit: int = 50) -> tuple[Run, ...]:
    """Return builds that a person started or authored, reported since then, newest first."""
    if not emails:
        return ()
    theirs = sa.or_(runs.c.author.in_(emails), runs.c.creator.in_(emails))
    query = sa.select(runs).where(theirs, runs.c.heard_at >= since).order_by(runs.c.created_at.desc()).limit(limit)
    return tuple(Run(**row) for row in (await tx.execute(query)).mappings())


async def find_runs_asked_by(tx: Tx, user: str, since: datetime, limit: int = 50) -> tuple[Run, ...]:
    """Return builds that a person (a Slack user id) started in Slack, reported since then, newest first."""
    own = (cards.c.asked_by == user, cards.c.watching.is_(False), cards.c.origin == "asked")
    started = runs.c.id.in_(sa.select(cards.c.build_id).where(*own))
    query = (
        sa.select(runs).where(started, runs.c.heard_at >= since).order_by(runs.c.created_at.desc()).limit(limit)
    )
    return tuple(Run(**row) for row in (await tx.execute(query)).mappings())


async def has_later_verdict(tx: Tx, build: Build) -> bool:
    """Return whether a later build of the same pipeline and branch has passed or failed."""
    same = (runs.c.pipeline == build.ref.pipeline, runs.c.branch == (build.branch or ""))
    query = sa.select(runs.c.id).where(*same, runs.c.number > build.number, runs.c.phase.in_(sorted(VERDICTS)))
    return await tx.scalar(query.limit(1)) is not None


async def find_runs_since(tx: Tx, moment: datetime) -> tuple[Run, ...]:
    """Return the builds created since then, in the order of their numbers."""
    query = sa.select(runs).where(runs.c.created_at >= moment).order_by(runs.c.pipeline, runs.c.number)
    return tuple(Run(**row) for row in (await tx.execute(query)).mappings())


WEBHOOK_SILENCE = timedelta(minutes=10)


async def find_last_webhook_time(tx: Tx) -> datetime | None:
    """Return when the last webhook arrived."""
    newest: datetime | None = await tx.scalar(
        sa.select(deliveries.c.received_at).order_by(deliveries.c.id.desc()).limit(1)
    )
    return newest


async def are_webhooks_arriving(tx: Tx, now: datetime) -> bool:
    """Return whether a webhook has arrived within ten minutes."""
    last = await find_last_webhook_time(tx)
    return last is not None and now - last < WEBHOOK_SILENCE


async def are_builds_running(tx: Tx, since: datetime) -> bool:
    """Return whether a build that was heard of since then hasn't ended, as far as is known."""
    unended = (runs.c.heard_at >= since, runs.c.finished_at.is_(None), runs.c.phase.not_in(_ENDED))
    return bool(await tx.scalar(sa.select(sa.exists().where(*unended))))
