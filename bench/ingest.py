"""Durable ingest: signed webhooks a second, acknowledged after a synced commit, beside others that store nothing.

The program under test has one core, the load the other. Each round measures every contender once; a ratio compares
figures of one round. Every run is checked: a tampered body is refused, and after `kill -9` there is a row for
every acknowledgement.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from statistics import median

from bench.support.child_process import ROOT, module_command, pick_cores
from bench.support.contender import (
    Contender,
    LoadPlan,
    count_postgresql_rows,
    count_sqlite_rows,
    peer_contender,
    receiver_contender,
    sqlite_url,
)
from bench.support.crash import kill_under_load
from bench.support.http_load import LoadResult
from bench.support.peer_bots import find_commands
from bench.support.rounds import compute_ratios, compute_spread, measure_in_turn, render_table
from bench.support.signed_webhooks import SECRET
from bench.support.slow_disk import build_slow_disk
from tests.postgres_server import run_server
from tests.process.town import open_town

STARLETTE = "bare Starlette, stores nothing"
OURS = "Kitestring"
_STARLETTE = receiver_contender("starlette", lambda _folder: "")
_OURS = receiver_contender("ours", sqlite_url, count_sqlite_rows)
_COMMIT_EACH = receiver_contender("each", sqlite_url, count_sqlite_rows)


def paths(given: argparse.Namespace, environ: Mapping[str, str]) -> str:
    """Kitestring's path alone and as the whole process, between storing nothing and appending to a file."""
    contenders = {
        STARLETTE: _STARLETTE,
        OURS: _OURS,
        "the whole of `serve`, reading what it keeps": _serve_contender(environ),
        "Kitestring's path, a file appended to": receiver_contender("file", lambda folder: str(folder / "file")),
        "Kitestring's path, stores nothing": receiver_contender("nothing", lambda _folder: ""),
    }
    return _render_tables(contenders, given, LoadPlan(given.sizes, given.seconds))


def peers(given: argparse.Namespace, _environ: Mapping[str, str]) -> str:
    """Kitestring beside other bots, which store nothing."""
    others = {f"{name}, stores nothing": peer_contender(command) for name, command in find_commands().items()}
    return _render_tables(
        {STARLETTE: _STARLETTE, OURS: _OURS} | others, given, LoadPlan(given.sizes, given.seconds)
    )


def disks(given: argparse.Namespace, _environ: Mapping[str, str]) -> str:
    """Slower disks, beside a commit for each request."""
    sections = []
    for milliseconds in (0, 2, 8):
        with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
            env = build_slow_disk(Path(folder), milliseconds)
            if env is None:
                break
            load = LoadPlan(given.sizes[:1], 2 * given.seconds, env=env)
            contenders = {"a commit for each request": _COMMIT_EACH, OURS: _OURS}
            sections.append(f"{milliseconds} ms added to every sync\n\n{_render_tables(contenders, given, load)}")
    return "\n\n".join(sections)


def crowd(given: argparse.Namespace, _environ: Mapping[str, str]) -> str:
    """With four times as many connections."""
    return _render_tables(
        {STARLETTE: _STARLETTE, OURS: _OURS}, given, LoadPlan(given.sizes, given.seconds, connections=256)
    )


def postgresql(given: argparse.Namespace, _environ: Mapping[str, str]) -> str:
    """On PostgreSQL, which has both cores and syncs every commit."""
    with run_server(fast=False) as url:
        ours = receiver_contender("ours", lambda _folder: url, lambda _folder: count_postgresql_rows(url))
        contenders = {STARLETTE: _STARLETTE, "Kitestring on PostgreSQL": ours}
        return _render_tables(contenders, given, LoadPlan(given.sizes, given.seconds))


def crash(given: argparse.Namespace, _environ: Mapping[str, str]) -> str:
    """After `kill -9` under load."""
    sections = []
    for _ in range(given.rounds):
        with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
            acknowledged, stored = kill_under_load(_OURS, Path(folder))
        sections.append(f"killed under load: {acknowledged:,} acknowledged, all among {stored:,} stored")
    return "\n".join(sections)


PARTS: dict[str, Callable[[argparse.Namespace, Mapping[str, str]], str]] = {
    part.__name__: part for part in (paths, peers, disks, crowd, postgresql, crash)
}


def _serve_contender(environ: Mapping[str, str]) -> Contender:
    def make_environ(port: int, folder: Path) -> dict[str, str]:
        own = {"PORT": str(port), "DATABASE_URL": sqlite_url(folder), "BUILDKITE_WEBHOOK_TOKEN": SECRET}
        return {**environ, **own, "PYTHONPATH": str(ROOT)}

    return Contender(lambda _port, _folder: module_command("bot", "serve"), make_environ, count_sqlite_rows)


def _render_tables(contenders: Mapping[str, Contender], given: argparse.Namespace, load: LoadPlan) -> str:
    found = measure_in_turn({name: partial(load.measure, item) for name, item in contenders.items()}, given.rounds)
    return "\n\n".join(f"{size:,} bytes\n\n{_render_table(found, size)}" for size in load.sizes)


def _render_table(found: Mapping[str, list[dict[int, LoadResult]]], size: int) -> str:
    rates = {name: [item[size].rate for item in rounds] for name, rounds in found.items()}
    first = next(iter(rates.values()))
    heads = ["", "a second", "to the first", "p50, ms", "p99, ms"]
    rows = []
    for name, rounds in found.items():
        p50, p99 = (median(item[size].milliseconds_at(share) for item in rounds) for share in (0.5, 0.99))
        ratio = compute_ratios(rates[name], first).render()
        rows.append([name, compute_spread(rates[name]).render(0), ratio, f"{p50:.1f}", f"{p99:.1f}"])
    return render_table(heads, rows)


async def _run_parts(given: argparse.Namespace, folder: Path) -> None:
    async with open_town(folder, socket=False) as made:
        for part in given.parts or PARTS:
            print(
                f"{PARTS[part].__doc__}\n\n{await asyncio.to_thread(PARTS[part], given, made.environ)}\n",
                flush=True,
            )


def main(arguments: list[str]) -> None:
    """Print the tables of all parts, or of the named ones."""
    parser = argparse.ArgumentParser(prog="python -m bench ingest", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="part", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each size")
    parser.add_argument("--sizes", type=int, nargs="+", default=[2600, 10240, 41000], metavar="BYTES")
    given = parser.parse_args(arguments)
    os.sched_setaffinity(0, {pick_cores()[1]})
    with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
        asyncio.run(_run_parts(given, Path(folder)))
