"""One, two and three replicas on one PostgreSQL: webhooks a second, cards checked, and the time of a take-over.

Everything runs on this machine: PostgreSQL, both vendors, a round-robin balancer, and real `serve` processes. On a
machine with few cores the load and the vendors share them with the replicas, which hides most of what is gained.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import ssl
import tempfile
import time
import uuid
from pathlib import Path
from typing import NamedTuple

import asyncpg
import httpx
import sqlalchemy as sa

from bot.sim.buildkite.hooks import sign
from bot.sim.buildkite.records import Build
from tests.conversations.world import WEBHOOK_SECRET
from tests.postgres.fleet import Fleet, harbour, took_over
from tests.postgres_server import server

_AT_ONCE = 32


class Figures(NamedTuple):
    """Of one fleet: acknowledged webhooks a second, their median and 99th percentile (ms), take-over (s)."""

    replicas: int
    rate: float
    median: float
    slow: float
    takeover: float | None


async def _load(fleet: Fleet, builds: list[Build], count: int) -> list[float]:
    """Send so many webhooks of builds that are followed, to each replica in turn; the seconds that each took."""
    took: list[float] = []
    left = iter(range(count))
    plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    async def send(client: httpx.AsyncClient) -> None:
        for number in left:
            body = _body(builds[number % len(builds)])
            headers = {
                "Content-Type": "application/json",
                "X-Buildkite-Event": "build.running",
                "X-Buildkite-Request": str(uuid.uuid4()),
                "X-Buildkite-Signature": sign(body, WEBHOOK_SECRET, int(time.time())),
            }
            address = fleet.balancer.addresses[number % len(fleet.balancer.addresses)]
            began = time.perf_counter()
            answer = await client.post(f"{address}/buildkite/webhooks", content=body, headers=headers)
            assert answer.is_success, answer.status_code
            took.append(time.perf_counter() - began)

    async with httpx.AsyncClient(timeout=20, trust_env=False, verify=plain) as client:
        await asyncio.gather(*(send(client) for _ in range(_AT_ONCE)))
    return took


def _body(build: Build) -> bytes:
    """A late word about a build: it was running."""
    web = f"https://buildkite.com/acme-inc/{build.pipeline.slug}/builds/{build.number}"
    api = f"https://api.buildkite.com/v2/organizations/acme-inc/pipelines/{build.pipeline.slug}/builds/{build.number}"
    said = {"id": build.id, "url": api, "web_url": web, "number": build.number, "state": "running"}
    pipeline = {"slug": build.pipeline.slug, "name": build.pipeline.name}
    return json.dumps(
        {"event": "build.running", "build": {**said, "pipeline": pipeline}, "pipeline": pipeline}
    ).encode()


async def _measured(database: sa.URL, folder: Path, replicas: int, count: int) -> Figures:
    async with harbour(database, folder) as fleet:
        await fleet.sail(replicas)
        builds = await fleet.ask(range(8))
        began = time.perf_counter()
        took = sorted(await _load(fleet, builds, count))
        rate = count / (time.perf_counter() - began)
        killed_at, victim = await _killed(fleet) if replicas > 1 else (0.0, None)
        await fleet.happen(builds)
        await fleet.until(lambda: fleet.right(builds), 180)
        fleet.check(builds)
        living = [program for program in fleet.programs if program is not victim]
        after = max(at for program in living for at in took_over(program)) - killed_at if victim else None
    return Figures(replicas, rate, took[len(took) // 2] * 1000, took[int(len(took) * 0.99)] * 1000, after)


async def _killed(fleet: Fleet) -> tuple[float, object]:
    victim, now = fleet.writer, time.time()
    await victim.killed()
    return now, victim


async def _all(counts: list[int], webhooks: int, folder: Path) -> None:
    with server(folder) as url:
        first: float | None = None
        for replicas in counts:
            database = sa.make_url(url).set(database=f"bench_{replicas}")
            connection = await asyncpg.connect(url.replace("+asyncpg", ""))
            await connection.execute(f"CREATE DATABASE {database.database}")
            await connection.close()
            figures = await _measured(database, folder, replicas, webhooks)
            first = first or figures.rate
            _tell(figures, first)


def _tell(figures: Figures, first: float) -> None:
    taken = "" if figures.takeover is None else f", taken over {figures.takeover:.2f} s after kill -9"
    print(
        f"{figures.replicas} replicas: {figures.rate:.0f} webhooks/s ({figures.rate / first:.2f} of the first), "
        f"median {figures.median:.1f} ms, 99 % {figures.slow:.1f} ms; all cards right, each once{taken}"
    )


def main(arguments: list[str]) -> None:
    """Print a line for each size of the fleet."""
    parser = argparse.ArgumentParser(prog="python -m bench replicas", description=__doc__)
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2, 3], metavar="N")
    parser.add_argument("--webhooks", type=int, default=3000)
    given = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, {given.webhooks} webhooks, {_AT_ONCE} at a time")
    with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
        asyncio.run(_all(given.replicas, given.webhooks, Path(folder)))
