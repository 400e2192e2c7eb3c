"""Fold: webhooks a second from their row to the build's row and its due card, beside the least possible work.

The same lives of builds are folded with 1,000 and 100,000 tracked builds, and with no history and a million rows
of it; ten builds have events in turn, or every webhook is about another build. Ten builds of four jobs don't have
enough events to fill a batch: ten of fifty jobs do, and are compared with a thousand of these. The least possible
work: each body is parsed as JSON and its build's state written into a table of three columns, with the driver's
own calls, a hundred in a transaction.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench.support import fold_database
from bench.support.build_events import FEW_JOBS, Event, Life, Template, interleave, make_template
from bench.support.rounds import Spread, compute_ratios, compute_spread, render_table
from bot.builds.ingest.inbox import Inbox
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import ManualClock
from bot.runtime.startup import tune_collector
from bot.store.migrate import upgrade
from bot.store.transactions import Store
from webhooks.router import read_event

_BUILDS_AT_ONCE = 10
# Numbers from here on are for builds without events.
_FIRST_QUIET_NUMBER = 10**6


class Situation(NamedTuple):
    """A situation to measure: tracked builds, rows of history, builds that have events in turn, jobs of each."""

    tracked: int
    history: int
    interleaved: int
    jobs: int = FEW_JOBS

    @property
    def label(self) -> str:
        """Return its name in the table."""
        past = f"{self.history:,} rows of history" if self.history else "no history"
        size = f", builds of {self.jobs} jobs" if self.jobs != FEW_JOBS else ""
        return f"{self.tracked:,} followed, {self.interleaved:,} speaking, {past}{size}"


class FoldBench:
    """A database for one situation, open from round to round as a bot's is."""

    def __init__(self, folder: Path, place: Situation, templates: Template, lives: int) -> None:
        self.file = folder / f"{'-'.join(map(str, place))}.db"
        self.url = f"sqlite+aiosqlite:///{self.file}"
        self._store = Store(self.url)
        self._inbox = Inbox(
            self._store,
            ManualClock(fold_database.NOW),
            read_event,
            lambda: None,
            lambda _age: None,
            SubscriptionCache(),
        )
        self._place = place
        self._made = templates
        self._lives = lives
        self._round = 0

    async def prepare(self) -> None:
        """Migrate, insert the history and the builds without events, and warm up."""
        await upgrade(self.url)
        quiet = range(_FIRST_QUIET_NUMBER, _FIRST_QUIET_NUMBER + max(self._place.tracked - self._lives, 0))
        fold_database.insert_tracked_builds(
            self.file, (self._made.make_life(number, 0, most=1) for number in quiet)
        )
        if self._place.history:
            fold_database.insert_history(self.file, self._place.history)
        await self._fold([self._made.make_life(1, 0)])

    async def measure(self) -> float:
        """Return the webhooks a second. Raise RuntimeError if a build, a job or a card ends up wrong."""
        self._round += 1
        lives = [self._made.make_life(1000 * self._round + number, self._round) for number in range(self._lives)]
        took = count = 0.0
        for some in _split(lives, self._place.tracked):
            of_these, seconds = await self._fold(some)
            count, took = count + of_these, took + seconds
        return count / took

    async def _fold(self, lives: Sequence[Life]) -> tuple[int, float]:
        """Fold all events of these lives; return how many there are and the seconds taken."""
        fold_database.delete_builds_below(self.file, _FIRST_QUIET_NUMBER)
        fold_database.insert_tracked_builds(self.file, lives)
        count = fold_database.insert_deliveries(self.file, interleave(lives, self._place.interleaved))
        gc.collect()
        began = time.perf_counter()
        while await self._inbox.tick():
            pass
        took = time.perf_counter() - began
        if wrong := fold_database.find_wrong_builds(self.file, lives):
            raise RuntimeError(f"{self._place.label}: {len(wrong)} are not true: {wrong[:3]}")
        return count, took

    async def close(self) -> None:
        """Close the database."""
        await self._store.close()


def _split(lives: Sequence[Life], followed: int) -> list[Sequence[Life]]:
    """Split the lives so that no more are tracked at a time than the situation says."""
    return [lives[start : start + followed] for start in range(0, len(lives), followed)]


def measure_minimum(file: Path, events: Sequence[Event], at_once: int = 100) -> float:
    """Return the webhooks a second with the least possible work: read, and write one column."""
    with closing(sqlite3.connect(file, isolation_level=None)) as line:
        for word in ("journal_mode=WAL", "synchronous=FULL"):
            line.execute(f"PRAGMA {word}")
        line.execute("CREATE TABLE IF NOT EXISTS inbox (id INTEGER PRIMARY KEY, body BLOB)")
        line.execute("CREATE TABLE IF NOT EXISTS builds (id TEXT PRIMARY KEY, number INTEGER, state TEXT)")
        line.executemany("INSERT INTO inbox (body) VALUES (?)", [(event.body,) for event in events])
        began = time.perf_counter()
        while _run_minimal_batch(line, at_once):
            pass
        return len(events) / (time.perf_counter() - began)


def _run_minimal_batch(line: sqlite3.Connection, at_once: int) -> int:
    line.execute("BEGIN IMMEDIATE")
    found = line.execute("SELECT id, body FROM inbox ORDER BY id LIMIT ?", (at_once,)).fetchall()
    builds = [json.loads(body)["build"] for _id, body in found]
    line.executemany(
        "INSERT INTO builds VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET state = excluded.state",
        [(build["id"], build["number"], build["state"]) for build in builds],
    )
    line.executemany("DELETE FROM inbox WHERE id = ?", [(id_,) for id_, _body in found])
    line.execute("COMMIT")
    return len(found)


async def _measure_all(
    places: Sequence[Situation], lives: int, rounds: int, folder: Path
) -> dict[str, list[float]]:
    templates = {jobs: make_template(jobs) for jobs in {FEW_JOBS, *(place.jobs for place in places)}}
    few = {jobs: max(lives * FEW_JOBS // jobs, 1) for jobs in templates}
    grounds = {place: FoldBench(folder, place, templates[place.jobs], few[place.jobs]) for place in places}
    for ground in grounds.values():
        await ground.prepare()
    found: dict[str, list[float]] = {"the least": [], **{place.label: [] for place in places}}
    for number in range(rounds):
        events = list(
            interleave([templates[FEW_JOBS].make_life(n, number) for n in range(lives)], _BUILDS_AT_ONCE)
        )
        found["the least"].append(measure_minimum(folder / f"least-{number}.db", events))
        for place, ground in grounds.items():
            found[place.label].append(await ground.measure())
    for ground in grounds.values():
        await ground.close()
    return found


def render_report(found: dict[str, list[float]], places: Sequence[Situation]) -> str:
    """Return the table: webhooks a second, microseconds each, and the ratios."""
    first = {place.jobs: place.label for place in reversed(places)}
    flat = {"the least": places[0].label, **{place.label: first[place.jobs] for place in places}}
    rows = []
    for name, rates in found.items():
        each = compute_spread([1e6 / rate for rate in rates])
        slower: Spread = compute_ratios([1 / rate for rate in rates], [1 / rate for rate in found[flat[name]]])
        against = compute_ratios(rates, found["the least"]).render() if name != "the least" else "1"
        rows.append([name, compute_spread(rates).render(0), f"{each.median:,.0f}", against, slower.render()])
    return render_table(
        ["what is folded", "webhooks a second", "µs each", "to the least", "time to the first"], rows
    )


def parse_situations(words: Sequence[str]) -> list[Situation]:
    """Parse `100000:0:10`: tracked, history, builds in turn, and optionally the jobs of a build."""
    return [Situation(*(int(part) for part in word.split(":"))) for word in words]


_SITUATIONS = (
    "1000:0:10",
    "100000:0:10",
    "1000:1000000:10",
    "1000:0:10:50",
    "10:0:10:50",
    "10:0:10",
    "1000:0:1000",
)


def main(arguments: list[str]) -> None:
    """Measure all situations in turn, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m bench fold", description=__doc__)
    parser.add_argument("--places", nargs="+", default=list(_SITUATIONS), metavar="TRACKED:HISTORY:BUILDS[:JOBS]")
    parser.add_argument("--builds", type=int, default=500, help="how many builds are folded in a round")
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args(arguments)
    chosen = parse_situations(given.places)
    tune_collector()
    with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
        work = _measure_all(chosen, given.builds, given.rounds, Path(folder))
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            found = runner.run(work)
    print(render_report(found, chosen))
