"""The numbers of a report, compared with SQL over the raw webhooks."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, closing
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from bot.history.report_data import ReportData
from commands.health.statistics import DurationSpread, HealthStatistics, compute_health
from simulators.http_server import Serving
from tests.conversations.world import World
from tests.health.played import build, hours, play, settle_reports

DAYS = 4
TABLES = """
CREATE TABLE builds AS
  SELECT body ->> '$.build.id' AS id, body ->> '$.pipeline.slug' AS pipeline, body ->> '$.build.state' AS state,
    body ->> '$.build.commit' AS sha, julianday(substr(body ->> '$.build.started_at', 1, 19)) * 86400 AS started,
    julianday(substr(max(body ->> '$.build.finished_at'), 1, 19)) * 86400 AS ended
  FROM hooks WHERE body ->> '$.event' = 'build.finished' GROUP BY 1;
CREATE TABLE jobs AS
  SELECT DISTINCT body ->> '$.job.id' AS id, body ->> '$.build.id' AS build, body ->> '$.build.commit' AS sha,
    body ->> '$.pipeline.slug' AS pipeline, body ->> '$.job.state' AS state, body ->> '$.job.name' AS name,
    (body ->> '$.job.step_key') || ifnull(body ->> '$.job.parallel_group_index', '') AS step,
    ifnull(body ->> '$.job.soft_failed', 0) AS soft,
    julianday(substr(body ->> '$.job.runnable_at', 1, 19)) * 86400 AS runnable,
    julianday(substr(body ->> '$.job.started_at', 1, 19)) * 86400 AS started,
    julianday(substr(body ->> '$.job.finished_at', 1, 19)) * 86400 AS ended
  FROM hooks WHERE body ->> '$.event' = 'job.finished' AND body ->> '$.job.type' = 'script';
"""
COUNTS = """
SELECT sum(state = 'passed'), sum(state = 'failed'), sum(state = 'canceled') FROM builds
WHERE ended >= ? AND ended < ?
"""
TOOK = (
    "SELECT ended - started AS took FROM builds WHERE state IN ('passed', 'failed') AND ended >= ? AND ended < ?"
)
QUEUED = "SELECT started - runnable AS took FROM jobs WHERE started IS NOT NULL AND ended >= ? AND ended < ?"
RANK = """
WITH ranked AS (SELECT took, row_number() OVER (ORDER BY took) AS place, count(*) OVER () AS many FROM ({times}))
SELECT many, min(took) FILTER (WHERE 100.0 * place / many >= {percent}) FROM ranked
"""
FLAKES = """
SELECT pipeline, step, count(*) FROM jobs AS one WHERE state = 'failed' AND NOT soft AND ended >= :a AND ended < :b
  AND EXISTS (SELECT 1 FROM jobs AS two WHERE two.pipeline = one.pipeline AND two.step = one.step
    AND two.state = 'passed' AND two.ended >= :a AND two.ended < :b
    AND ((two.build = one.build AND two.ended > one.ended)
      OR (two.build != one.build AND two.sha = one.sha AND one.sha != 'HEAD')))
GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
"""
FAILING = """
SELECT pipeline, sum(state = 'failed') AS bad, count(*) FROM builds WHERE ended >= ? AND ended < ?
GROUP BY 1 HAVING bad > 0 ORDER BY bad DESC, pipeline LIMIT 3
"""


class Listener:
    """Receives the same webhooks as the bot."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.bodies.append(await Request(scope, receive).body())
        await Response(status_code=200)(scope, receive, send)


@asynccontextmanager
async def serve_listener(world: World) -> AsyncIterator[Listener]:
    listener = Listener()
    async with Serving(listener) as address:
        world.buildkite.add_webhook(address, "made-up")
        yield listener


async def play_days(world: World) -> None:
    """Simulate days of random builds: some fail, some are retried and pass, some are canceled."""
    draw = random.Random(11)
    build(world, "web")
    await settle_reports(world)
    for _day in range(DAYS):
        for pipeline in ("web", "api", "mobile"):
            play_random_build(world, pipeline, draw)
            hours(world, draw.randrange(1, 8) / 2)
        await settle_reports(world)


def play_random_build(world: World, pipeline: str, draw: random.Random) -> None:
    fail = draw.choice([(), (), ("lint", "ios"), ("test",)])
    made = build(world, pipeline, fail=fail, seconds=draw.randrange(5, 60))
    if fail and draw.random() < 0.7:
        for job in [job for job in made.current_jobs if job.state == "failed"]:
            world.buildkite.retry_job(job.id)
        play(world, made, (), draw.randrange(5, 60))
    if draw.random() < 0.3:
        world.buildkite.cancel_build(world.buildkite.create_build(pipeline))


async def test_the_numbers_match_sql(world: World) -> None:
    """Counts, percentiles, flakes and failures equal SQL over the raw webhooks, for both periods."""
    async with serve_listener(world) as listener:
        await play_days(world)
    now, span = world.clock.now(), timedelta(hours=12)
    reports = ReportData(world.bot.platform.store, world.clock)
    slugs = ["api", "mobile", "web"]
    gathered = await reports.gather(world.bot.workspace.deps.buildkite.client, slugs, now - 2 * span)
    found = compute_health(gathered.runs, gathered.attempts, now - span, now, compare=True)
    with closing(sqlite3.connect(":memory:")) as database:
        tabulate(database, listener.bodies)
        compare(found, database.execute)
    assert found.before is not None
    assert min(found.totals.builds, found.before.builds, len(found.flakiest), len(found.slowest)) > 0


def tabulate(database: sqlite3.Connection, bodies: list[bytes]) -> None:
    database.execute("CREATE TABLE hooks (body TEXT)")
    database.executemany("INSERT INTO hooks VALUES (?)", [(json.dumps(json.loads(body)),) for body in bodies])
    database.executescript(TABLES)


def compare(found: HealthStatistics, ask: Callable[..., Any]) -> None:
    span = found.until - found.since
    for totals, since in ((found.totals, found.since), (found.before, found.since - span)):
        assert totals is not None
        period = to_seconds(since), to_seconds(since + span)
        assert (totals.passed, totals.failed, totals.canceled) == ask(COUNTS, period).fetchone()
        assert summarize(totals.duration) == select_percentiles(ask, TOOK, period)
        assert summarize(totals.queue) == select_percentiles(ask, QUEUED, period)
    period = to_seconds(found.since), to_seconds(found.until)
    flakes = ask(FLAKES, {"a": period[0], "b": period[1]}).fetchall()
    assert sorted(step.flakes for step in found.flakiest) == sorted(count for *_, count in flakes[:3])
    assert [(item.pipeline, item.failed, item.builds) for item in found.failing] == ask(FAILING, period).fetchall()
    assert [step.median for step in found.slowest] == select_slowest(ask, period)


def select_slowest(ask: Callable[..., Any], period: tuple[float, float]) -> list[timedelta]:
    """Return the three steps with the highest medians."""
    steps = ask("SELECT DISTINCT pipeline, step FROM jobs WHERE ended >= ? AND ended < ?", period).fetchall()
    item = """SELECT ended - started AS took FROM jobs WHERE state IN ('passed', 'failed')
        AND pipeline = '{}' AND step = '{}' AND ended >= ? AND ended < ?"""
    medians = [select_percentiles(ask, item.format(*step), period)[1] for step in steps]
    return sorted((timedelta(seconds=median) for median in medians if median), reverse=True)[:3]


def select_percentiles(ask: Callable[..., Any], times: str, period: tuple[float, float]) -> tuple[int, int, int]:
    """Return the count, the median and the p95, in whole seconds."""
    many, median = ask(RANK.format(times=times, percent=50), period).fetchone()
    _, high = ask(RANK.format(times=times, percent=95), period).fetchone()
    return many, round(median), round(high)


def summarize(spread: DurationSpread | None) -> tuple[int, int, int]:
    assert spread is not None
    return spread.count, round(spread.median.total_seconds()), round(spread.p95.total_seconds())


def to_seconds(moment: datetime) -> float:
    """Return the seconds of a Julian day, as SQLite counts: days since noon in Greenwich, 4714 BC."""
    return (moment.timestamp() / 86400 + 2440587.5) * 86400
