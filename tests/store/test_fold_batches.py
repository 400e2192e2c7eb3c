"""Folding webhooks together has the same result as folding them one by one."""

from __future__ import annotations

import asyncio
import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from bot.buildkite.models import Build, Job
from bot.builds.failures.model import is_failing
from bot.builds.fold.build_fold import BuildFold, WebhookReport
from bot.builds.model import NewCard
from bot.builds.queries import find_build, summarize_jobs
from bot.builds.replies.kinds import find_due_kinds
from bot.slack.types import Thread
from bot.store.tables import builds, cards, jobs, notices
from bot.store.tables_notifications import attempts, findings
from bot.store.transactions import Store, Tx
from tests.conversations.ready_database import copy_ready_database
from tests.sampling import many_examples

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PHASES = ("scheduled", "running", "failing", "failed", "passed", "blocked", "canceled")
STATES = ("scheduled", "running", "passed", "failed", "timed_out", "canceled")
FOLLOWED = (1, 2)
Report = tuple[int, str, int, str | None, int]
JOB_STATES = st.none() | st.sampled_from(STATES)
REPORTS = st.tuples(st.integers(1, 3), st.sampled_from(PHASES), st.integers(0, 3), JOB_STATES, st.integers(1, 4))


def make_report(report: Report) -> WebhookReport:
    """Return a webhook's report about build `number`, perhaps with a job; the fourth job repeats the first."""
    number, phase, minute, state, job = report
    web = f"https://buildkite.com/acme/web/builds/{number}"
    api = f"https://api.buildkite.com/v2/organizations/acme/pipelines/web/builds/{number}"
    began, ends = NOW + timedelta(minutes=minute), NOW + timedelta(minutes=minute + 1)
    build: dict[str, Any] = {"id": f"b{number}", "number": number, "url": api, "web_url": web, "branch": "main"}
    build |= {"state": "passed" if phase == "blocked" else phase, "blocked": phase == "blocked", "created_at": NOW}
    build |= {"started_at": began if phase != "scheduled" else None}
    build |= {"finished_at": ends if phase not in ("scheduled", "running", "failing") else None}
    entry: dict[str, Any] = {"id": f"j{number}-{job}", "type": "script", "name": f"step {job}", "state": state}
    entry |= {"retry_source": {"job_id": f"j{number}-1"} if job == 4 else None, "finished_at": ends}
    return Build.model_validate(build), (Job.model_validate(entry),) if state else ()


async def follow_builds(store: Store) -> None:
    """Follow two of three builds, with cards that were posted."""
    for number in FOLLOWED:
        async with store.write() as tx:
            first, _ = make_report((number, "scheduled", 0, None, 1))
            await BuildFold(NOW, webhooks_arriving=True).track(
                tx, first, NewCard(f"card-{number}", Thread("T1", "C1"), "U1")
            )
            await tx.execute(sa.update(cards).values(ts="1.0", due_at=None))


async def read_state(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """Return what is tracked, due, to look up and to post, as far as it still holds."""
    queries = {table.name: sa.select(table) for table in (builds, cards, jobs, attempts)}
    async with store.read() as tx:
        found = {
            name: sorted((tuple(row) for row in await tx.execute(query)), key=repr)
            for name, query in queries.items()
        }
        return {
            **found,
            "follow_ups": [row for number in FOLLOWED for row in await find_follow_ups(tx, f"b{number}")],
        }


async def find_follow_ups(tx: Tx, build_id: str) -> list[tuple[object, ...]]:
    """Return the replies to post and the lookups of a build; outdated replies are left out, as when posting."""
    known = await find_build(tx, build_id)
    assert known is not None
    failed = bool((await summarize_jobs(tx, known)).failed)
    below = sa.select(cards.c.id).where(cards.c.build_id == build_id)
    true = notices.c.kind.in_(find_due_kinds(known, failed=failed))
    waiting = sa.select(notices.c.key).where(notices.c.state == "due", notices.c.card_id.in_(below), true)
    found = [tuple(row) for row in await tx.execute(waiting.order_by("key"))]
    if is_failing(known, has_named_job=failed):
        found += [
            tuple(row) for row in await tx.execute(sa.select(findings).where(findings.c.build_id == build_id))
        ]
    return found


async def fold_reports(file: Path, parts: list[list[Report]]) -> dict[str, list[tuple[object, ...]]]:
    """Fold the reports, one transaction for each part."""
    await copy_ready_database(file)
    store = Store(f"sqlite+aiosqlite:///{file}")
    try:
        await follow_builds(store)
        for part in parts:
            async with store.write() as tx:
                await BuildFold(NOW, webhooks_arriving=True).fold_webhooks(
                    tx, [make_report(report) for report in part]
                )
        return await read_state(store)
    finally:
        await store.close()


@many_examples(40)
@given(st.lists(REPORTS, min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_batches_do_not_change_the_result(reports: list[Report], rng: random.Random) -> None:
    """However webhooks are spread over transactions, builds, jobs, cards, lookups and replies are the same."""
    cuts = sorted({rng.randrange(len(reports)) for _ in range(rng.randint(0, 4))} - {0})
    parts = [reports[start:end] for start, end in zip([0, *cuts], [*cuts, len(reports)], strict=True)]

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            alone = await fold_reports(Path(folder) / "alone.db", [[report] for report in reports])
            together = await fold_reports(Path(folder) / "together.db", parts)
        assert together == alone

    asyncio.run(story())
