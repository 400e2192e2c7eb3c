"""A database as the fold finds it: tracked builds with their cards, a long history, and waiting webhooks."""

from __future__ import annotations

import itertools
import json
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bench.support.build_events import Event, Life
from bot.buildkite.models import Build
from bot.builds.fold import merge
from bot.builds.rows import build_values, tracking_values
from bot.builds.webhook_event import WebhookEvent
from webhooks.router import read_event

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
_RUN = "INSERT INTO runs (id, pipeline, number, branch, phase, heard_at, finished_at) "
_ATTEMPT = 'INSERT INTO attempts (id, build_id, pipeline, branch, "commit", step, state, heard_at, finished_at) '
_COUNT = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) "


def insert_tracked_builds(file: Path, lives: Iterable[Life]) -> None:
    """Insert each life's build as scheduled and tracked, with a posted card."""
    with closing(sqlite3.connect(file)) as line, line:
        for some in _chunk(lives):
            builds = [_read_first_build(life) for life in some]
            _insert(line, "builds", [_make_build_row(build) for build in builds])
            _insert(line, "cards", [_make_card_row(build) for build in builds])


def _chunk(lives: Iterable[Life]) -> Iterable[Sequence[Life]]:
    left = iter(lives)
    return iter(lambda: list(itertools.islice(left, 1000)), [])


def _read_first_build(life: Life) -> Build:
    event: WebhookEvent = read_event(life.events[0].name, life.events[0].body)
    if event.build is None:
        raise ValueError("The first event of a life must have its build.")
    return event.build


def _make_build_row(build: Build) -> dict[str, object]:
    values = {"id": build.id, **build_values(build), **tracking_values(merge.apply_read(None, build, NOW, 0))}
    times = {name: value.timestamp() for name, value in values.items() if isinstance(value, datetime)}
    return {**values, **times, "build": str(values["build"]), "followed": 1, "followed_at": NOW.timestamp()}


def _make_card_row(build: Build) -> dict[str, object]:
    place = {"team": "T1", "channel": "C1", "thread_ts": build.id[:8], "ts": build.id[:8], "asked_by": "U1"}
    return {"id": f"card-{build.id}", "build_id": build.id, **place, "created_at": NOW.timestamp()}


def _insert(line: sqlite3.Connection, table: str, values: Sequence[dict[str, object]]) -> None:
    names = list(values[0])
    holes = ", ".join(f":{name}" for name in names)
    line.executemany(f"INSERT INTO {table} ({', '.join(names)}) VALUES ({holes})", values)  # noqa: S608


def insert_history(file: Path, attempts: int) -> None:
    """Insert this many finished attempts, and a fifteenth as many builds, over the last ninety days."""
    at, span = NOW.timestamp(), 90 * 86400.0
    moment = f"{at} - {span} * i / ?"
    with closing(sqlite3.connect(file)) as line, line:
        runs = max(attempts // 15, 1)
        line.execute(
            f"{_COUNT}{_RUN}SELECT 'run-' || i, 'web', i, 'main', 'passed', {moment}, {moment} FROM n",  # noqa: S608
            (runs, runs, runs),
        )
        line.execute(
            f"{_COUNT}{_ATTEMPT}SELECT 'job-' || i, 'run-' || (i / 15), 'web', 'main', 'c' || (i / 15), "  # noqa: S608
            f"'step ' || (i % 15), 'passed', {moment}, {moment} FROM n",
            (attempts, attempts, attempts),
        )


def insert_deliveries(file: Path, events: Iterable[Event]) -> int:
    """Insert waiting deliveries; return how many."""
    at = NOW.timestamp()
    values = [(f"id-{number}", event.name, event.body, at, at) for number, event in enumerate(events)]
    with closing(sqlite3.connect(file)) as line, line:
        line.execute("DELETE FROM deliveries")
        line.executemany(
            "INSERT INTO deliveries (delivery_id, event, body, received_at, next_at) VALUES (?, ?, ?, ?, ?)",
            values,
        )
    return len(values)


def delete_builds_below(file: Path, below: int) -> None:
    """Delete builds of lower numbers, with their cards and jobs."""
    with closing(sqlite3.connect(file)) as line, line:
        line.execute("DELETE FROM builds WHERE number < ?", (below,))
        for table in ("cards", "jobs"):
            line.execute(f"DELETE FROM {table} WHERE build_id NOT IN (SELECT id FROM builds)")  # noqa: S608
        line.execute("DELETE FROM notices")


def find_wrong_builds(file: Path, lives: Iterable[Life]) -> list[str]:
    """Return builds whose row isn't their last state, whose card isn't due, or whose jobs are incomplete."""
    with closing(sqlite3.connect(file)) as line:
        phases = dict(line.execute("SELECT id, phase FROM builds"))
        due = dict(line.execute("SELECT build_id, due_at FROM cards"))
        jobs = dict(
            line.execute("SELECT build_id, count(*) FROM jobs WHERE job ->> 'state' = 'passed' GROUP BY 1")
        )
        left = line.execute("SELECT count(*) FROM deliveries WHERE state != 'done'").fetchone()[0]
    wrong = ["waiting deliveries"] if left else []
    for life in lives:
        named = {json.loads(event.body)["job"]["id"] for event in life.events if event.name.startswith("job.")}
        right = phases.get(life.id) == "passed" and due.get(life.id) and jobs.get(life.id) == len(named)
        wrong += [] if right else [life.id]
    return wrong
