"""One, two and three replicas on one PostgreSQL: webhooks a second, cards checked, and the time of a takeover.

Everything runs on this machine: PostgreSQL, both vendors, the load, and real `serve` processes. With few cores the
load and the database compete with the replicas, which hides most of the gain.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import asyncpg
import sqlalchemy as sa

from bench.support.rounds import compute_percentile, compute_ratios, compute_spread, render_table
from tests.postgres.fleet import Fleet, open_fleet, read_takeover_times
from tests.postgres_server import run_server

_WAIT_SECONDS = 180.0
_POLL_SECONDS = 0.05


class Figures(NamedTuple):
    """Webhooks a second, acknowledged and folded; milliseconds of an answer; seconds of a takeover."""

    acknowledged: float
    folded: float
    median: float
    slow: float
    takeover: float | None


async def _run_load(fleet: Fleet, seconds: float, connections: int) -> dict[str, Any]:
    """Run the load in its own process and return its result."""
    ports = [str(urlsplit(address).port) for address in fleet.balancer.addresses]
    words = ("-m", "bench.support.fleet_load", str(seconds), str(connections), *ports)
    process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    result: dict[str, Any] = json.loads(output)
    return result


async def _read(database: sa.URL, query: str) -> int:
    plain = database.set(drivername="postgresql").render_as_string(hide_password=False)
    connection = await asyncpg.connect(plain)
    try:
        return int(await connection.fetchval(query))
    finally:
        await connection.close()


async def _wait_until_folded(database: sa.URL) -> None:
    """Wait until the inbox is empty. Raise RuntimeError after three minutes."""
    until = time.monotonic() + _WAIT_SECONDS
    while await _read(database, "SELECT count(*) FROM deliveries WHERE state = 'new'"):
        if time.monotonic() > until:
            raise RuntimeError("Webhooks are still waiting to be read.")
        await asyncio.sleep(_POLL_SECONDS)


async def _measure(database: sa.URL, folder: Path, replicas: int, seconds: float, connections: int) -> Figures:
    async with open_fleet(database, folder) as fleet:
        await fleet.start_replicas(replicas)
        builds = await fleet.start_builds(range(8))
        before = await _read(database, "SELECT count(*) FROM deliveries")
        result = await _run_load(fleet, seconds, connections)
        began = time.monotonic()
        await _wait_until_folded(database)
        late = time.monotonic() - began
        kept = await _read(database, "SELECT count(*) FROM deliveries") - before
        if result["others"] or result["lost"] or kept < result["good"]:
            refused = [*result["others"], f"lost: {result['lost']}"]
            raise RuntimeError(f"{result['good']} acknowledged, {kept} kept, others {refused}.")
        takeover = await _measure_takeover(fleet, builds)
    good, took = result["good"], result["took"]
    rates = (good / result["seconds"], good / (result["seconds"] + late))
    return Figures(*rates, compute_percentile(took, 0.5) * 1000, compute_percentile(took, 0.99) * 1000, takeover)


async def _measure_takeover(fleet: Fleet, builds: Sequence[Any]) -> float | None:
    """Kill the leader if there is another replica, and check that every build's end is shown once."""
    victim, killed_at = (fleet.leader, time.time()) if len(fleet.programs) > 1 else (None, 0.0)
    if victim:
        await victim.kill()
    await fleet.run_builds(list(builds))
    await fleet.until(lambda: fleet.is_right(list(builds)), _WAIT_SECONDS)
    fleet.check(list(builds))
    living = [program for program in fleet.programs if program is not victim]
    return max(at for program in living for at in read_takeover_times(program)) - killed_at if victim else None


async def _measure_all(given: argparse.Namespace, folder: Path) -> dict[int, list[Figures]]:
    found: dict[int, list[Figures]] = {count: [] for count in given.replicas}
    with run_server() as url:
        for number in range(given.rounds):
            for replicas in given.replicas:
                database = sa.make_url(url).set(database=f"bench_{number}_{replicas}")
                connection = await asyncpg.connect(url.replace("+asyncpg", ""))
                await connection.execute(f"CREATE DATABASE {database.database}")
                await connection.close()
                figures = await _measure(database, folder, replicas, given.seconds, given.connections)
                found[replicas].append(figures)
    return found


def render_report(found: dict[int, list[Figures]]) -> str:
    """Return a table with a line for each number of replicas."""
    first = [item.folded for item in next(iter(found.values()))]
    rows = []
    for count, all_ in found.items():
        takeovers = [item.takeover for item in all_ if item.takeover is not None]
        rows.append(
            [
                str(count),
                compute_spread([item.acknowledged for item in all_]).render(0),
                compute_spread([item.folded for item in all_]).render(0),
                compute_ratios([item.folded for item in all_], first).render(),
                f"{compute_spread([item.median for item in all_]).median:.1f} ms",
                f"{compute_spread([item.slow for item in all_]).median:.1f} ms",
                f"{compute_spread(takeovers).render()} s" if takeovers else "–",
            ]
        )
    heads = [
        "replicas",
        "acknowledged a second",
        "folded a second",
        "to one",
        "p50",
        "p99",
        "taken over after kill -9",
    ]
    return render_table(heads, rows)


def main(arguments: list[str]) -> None:
    """Print a line for each number of replicas."""
    parser = argparse.ArgumentParser(prog="python -m bench replicas", description=__doc__)
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2, 3], metavar="N")
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--connections", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    print(f"{os.cpu_count()} cores, {given.connections} connections, {given.seconds:g} s a round")
    with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
        print(render_report(asyncio.run(_measure_all(given, Path(folder)))))
