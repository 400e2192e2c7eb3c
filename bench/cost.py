"""Cost of a webhook: statements, bytes written and CPU microseconds, by how many arrive together.

The bot's own code stores and folds them, on SQLite and on PostgreSQL; lives of tracked builds, twenty at a time.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sqlite3
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import asyncpg
import sqlalchemy as sa
import uvloop

from bench.support.build_events import Event, Life, interleave, make_template
from bench.support.rounds import compute_spread, render_table
from bot.builds.fold.build_fold import BuildFold
from bot.builds.ingest.inbox import Inbox
from bot.builds.ingest.spool import DeliverySpool
from bot.builds.model import NewCard
from bot.builds.webhook_event import Delivery
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import ManualClock
from bot.slack.types import Thread
from bot.store.migrate import upgrade
from bot.store.transactions import Store
from tests.conversations.world import START
from tests.postgres_server import run_server
from webhooks.router import read_event

_BUILDS_AT_ONCE = 20


class Cost(NamedTuple):
    """The cost of one webhook: statements, commits, bytes of the database's log, CPU microseconds."""

    statements: float
    commits: float
    log_bytes: float
    cpu_seconds: float


async def _track_builds(store: Store, lives: Sequence[Life]) -> None:
    async with store.write() as tx:
        for life in lives:
            build = read_event(life.events[0].name, life.events[0].body).build
            if build is None:
                raise ValueError("A life begins with a word about its build.")
            thread = Thread("T1", "C1", life.id[:8])
            await BuildFold(START, webhooks_arriving=True).track(
                tx, build, NewCard(f"card-{life.id}", thread, "U1")
            )


@contextlib.contextmanager
def _count_statements(store: Store) -> Iterator[Counter[str]]:
    """Count the statements executed while the block runs; one with many rows counts once."""
    counts: Counter[str] = Counter()

    def count(*_: object) -> None:
        counts["statements"] += 1

    engine = store._writer.sync_engine
    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        yield counts
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)


@contextlib.contextmanager
def _keep_log(store: Store) -> Iterator[None]:
    """Keep a reader open, so that SQLite doesn't restart its log: the log's size is then all that was written."""
    if not store.sqlite:
        yield
        return
    with contextlib.closing(sqlite3.connect(str(store.url.database), isolation_level=None)) as reader:
        reader.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM builds").fetchone()
        yield


async def _measure_log(store: Store) -> int:
    """Return the bytes of the write-ahead log so far."""
    if store.sqlite:
        return await asyncio.to_thread(os.path.getsize, f"{store.url.database}-wal")
    plain = store.url.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        return int(await connection.fetchval("SELECT pg_current_wal_lsn() - '0/0'::pg_lsn"))
    finally:
        await connection.close()


async def measure_cost(url: str, together: int, builds: int, seed: int) -> Cost:
    """Return the cost of each webhook of `builds` builds when `together` of them arrive at a time."""
    template = make_template()
    lives = [template.make_life(number, seed) for number in range(1, builds + 1)]
    events = list(interleave(lives, _BUILDS_AT_ONCE))
    clock = ManualClock(START)
    async with _open_store(url) as store:
        await _track_builds(store, lives)
        spool = DeliverySpool(store, lambda: None, clock)
        inbox = Inbox(store, clock, read_event, lambda: None, lambda _age: None, SubscriptionCache())
        with _keep_log(store), _count_statements(store) as counts:
            log, commits, busy = await _measure_log(store), store.commits, time.process_time()
            for start in range(0, len(events), together):
                await _store_together(spool, events[start : start + together], clock)
                while await inbox.tick():
                    pass
            busy = time.process_time() - busy
            written = await _measure_log(store) - log
        each = 1 / len(events)
        await _check_builds(store, lives)
        kept = len(range(0, len(events), together))
        return Cost(
            (counts["statements"] + kept) * each, (store.commits - commits) * each, written * each, busy * each
        )


async def _store_together(spool: DeliverySpool, events: Sequence[Event], clock: ManualClock) -> None:
    left = [asyncio.get_running_loop().create_future() for _ in events]

    def report(number: int, error: BaseException | None) -> None:
        left[number].set_result(None) if error is None else left[number].set_exception(error)

    for number, event in enumerate(events):
        delivery = Delivery(event.name, event.body, None, clock.now())
        spool.keep(delivery, partial(report, number))
    await asyncio.gather(*left)


async def _check_builds(store: Store, lives: Sequence[Life]) -> None:
    async with store.read() as tx:
        query = sa.text("SELECT count(*) FROM builds WHERE phase = 'passed'")
        passed = await tx.scalar(query)
    if passed != len(lives):
        raise RuntimeError(f"{passed} of {len(lives)} builds are known as passed.")


@contextlib.asynccontextmanager
async def _open_store(url: str) -> AsyncIterator[Store]:
    await upgrade(url)
    store = Store(url)
    try:
        yield store
    finally:
        await store.close()


async def _create_database(url: str, name: str) -> str:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    await connection.execute(f"CREATE DATABASE {name}")
    await connection.close()
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def _render_report(found: dict[tuple[str, int], list[Cost]]) -> str:
    rows = []
    for (kind, together), costs in found.items():
        last = costs[-1]
        busy = compute_spread([cost.cpu_seconds * 1e6 for cost in costs])
        figures = [
            f"{last.statements:.2f}",
            f"{last.commits:.3f}",
            f"{last.log_bytes / 1024:.1f} KiB",
            busy.render(0),
        ]
        rows.append([f"{kind}, {together} at a time", *figures])
    return render_table(["webhooks", "statements", "commits", "log written", "µs of a core"], rows)


async def _measure_all(given: argparse.Namespace, folder: Path) -> dict[tuple[str, int], list[Cost]]:
    found: dict[tuple[str, int], list[Cost]] = {}
    with run_server() as postgresql:
        for number in range(given.rounds):
            for together in given.together:
                sqlite = f"sqlite+aiosqlite:///{folder / f'{number}-{together}.db'}"
                other = await _create_database(postgresql, f"cost_{number}_{together}")
                for kind, url in (("SQLite", sqlite), ("PostgreSQL", other)):
                    builds = given.builds if together > 1 else max(given.builds // 5, 1)
                    found.setdefault((kind, together), []).append(
                        await measure_cost(url, together, builds, number)
                    )
    return found


def main(arguments: list[str]) -> None:
    """Print a line for each database and number of webhooks at a time."""
    parser = argparse.ArgumentParser(prog="python -m bench cost", description=__doc__)
    parser.add_argument("--together", type=int, nargs="+", default=[1, 10, 100, 500], metavar="N")
    parser.add_argument("--builds", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    with (
        tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        print(_render_report(runner.run(_measure_all(given, Path(folder)))))
