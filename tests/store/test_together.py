"""Webhooks folded together leave behind what they would have left one by one."""

from __future__ import annotations

import asyncio
import random
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.buildkite.models import Build, Job
from bot.builds.failures.model import is_failing
from bot.builds.fold.build_fold import BuildFold, Word
from bot.builds.queries import find_build, summarize_jobs
from bot.builds.replies.kinds import due_kinds
from bot.slack.types import Thread
from bot.store.tables import builds, cards, jobs, notices
from bot.store.tables_notifications import attempts, findings
from bot.store.transactions import Store, Tx
from tests.conversations.ready_database import copied

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
PHASES = ("scheduled", "running", "failing", "failed", "passed", "blocked", "canceled")
STATES = ("scheduled", "running", "passed", "failed", "timed_out", "canceled")
FOLLOWED = (1, 2)
Said = tuple[int, str, int, str | None, int]
JOB_STATES = st.none() | st.sampled_from(STATES)
SAID = st.tuples(st.integers(1, 3), st.sampled_from(PHASES), st.integers(0, 3), JOB_STATES, st.integers(1, 4))


def word(said: Said) -> Word:
    """What a webhook says of build `number`; perhaps of one of its jobs, the fourth of which repeats the first."""
    number, phase, minute, state, job = said
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


async def followed(store: Store) -> None:
    """Two of three builds have a card that was posted."""
    for number in FOLLOWED:
        async with store.write() as tx:
            first, _ = word((number, "scheduled", 0, None, 1))
            await BuildFold(NOW, alive=True).follow(tx, first, Thread("T1", "C1"), "U1", f"card-{number}")
            await tx.execute(sa.update(cards).values(ts="1.0", due_at=None))


async def remains(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """What is known, to be drawn and looked up, and to be said, as far as it is true still."""
    queries = {table.name: sa.select(table) for table in (builds, cards, jobs, attempts)}
    async with store.read() as tx:
        found = {
            name: sorted((tuple(row) for row in await tx.execute(query)), key=repr)
            for name, query in queries.items()
        }
        return {**found, "said": [told for number in FOLLOWED for told in await follows_of(tx, f"b{number}")]}


async def follows_of(tx: Tx, build_id: str) -> list[tuple[object, ...]]:
    """What is to be said below the cards of a build, and looked up; what is true no more is never posted."""
    known = await find_build(tx, build_id)
    assert known is not None
    failed = bool((await summarize_jobs(tx, known)).failed)
    below = sa.select(cards.c.id).where(cards.c.build_id == build_id)
    true = notices.c.kind.in_(due_kinds(known, failed=failed))
    waiting = sa.select(notices.c.key).where(notices.c.state == "due", notices.c.card_id.in_(below), true)
    found = [tuple(row) for row in await tx.execute(waiting.order_by("key"))]
    if is_failing(known, named=failed):
        found += [
            tuple(row) for row in await tx.execute(sa.select(findings).where(findings.c.build_id == build_id))
        ]
    return found


async def told(file: Path, parts: list[list[Said]]) -> dict[str, list[tuple[object, ...]]]:
    """The same words, so many in each transaction."""
    await copied(file)
    store = Store(f"sqlite+aiosqlite:///{file}")
    try:
        await followed(store)
        for part in parts:
            async with store.write() as tx:
                await BuildFold(NOW, alive=True).heard(tx, [word(said) for said in part])
        return await remains(store)
    finally:
        await store.close()


@settings(max_examples=40, deadline=None)
@given(st.lists(SAID, min_size=1, max_size=25), st.randoms(use_true_random=False))
def test_folding_together_is_folding_one_by_one(said: list[Said], rng: random.Random) -> None:
    """However webhooks fall into transactions, the same is known of builds and jobs, drawn, looked up and said."""
    cuts = sorted({rng.randrange(len(said)) for _ in range(rng.randint(0, 4))} - {0})
    parts = [said[start:end] for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]

    async def story() -> None:
        with tempfile.TemporaryDirectory() as folder:
            alone = await told(Path(folder) / "alone.db", [[item] for item in said])
            together = await told(Path(folder) / "together.db", parts)
        assert together == alone

    asyncio.run(story())
