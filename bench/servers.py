"""Servers: the bot's receiver on its own HTTP server and on others: ingest, acknowledgement, start and memory.

Each round starts every contender once, on one core, and loads it from the other. Ratios compare figures of one
round. Processor time counts what the contender used, so that other programs disturb it less than the rate.
With `--before FOLDER`, a checkout of another version runs beside them.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from bench.support.child_process import ROOT, Child, find_free_port, module_command, pick_cores, start_child
from bench.support.contender import sqlite_url
from bench.support.http_load import LoadResult, run_load
from bench.support.rounds import compute_ratios, compute_spread, measure_in_turn, render_table
from bench.support.signed_webhooks import SECRET, generate_requests, make_body
from tests.process.town import open_town

_CONNECTIONS = 64
_WARM_UP_SECONDS = 0.4
# A rate that each contender can sustain, so that the times are not those of a queue.
_PACED_RATE = 300.0
# By the candidate's name: the label, and the package that it needs.
_CANDIDATES = {
    "adapter": ("Kitestring's server, through ASGI", "uvicorn"),
    "httptools": ("uvicorn with httptools", "uvicorn"),
    "h11": ("uvicorn with h11", "h11"),
    "hypercorn": ("Hypercorn", "hypercorn"),
    "granian": ("Granian, embedded", "granian"),
}
Environ = Mapping[str, str]


class SizeFigures(NamedTuple):
    """Webhooks of one size: acknowledged a second, and microseconds of processor time for each."""

    rate: float
    cpu: float


@dataclass(frozen=True)
class ServerFigures:
    """One contender in one round: seconds until it listens, MiB after the load, and results of the loads."""

    start: float
    memory: float
    loads: Mapping[int, SizeFigures]
    paced: LoadResult


@dataclass(frozen=True)
class Program:
    """A command for a port and a folder, run with the modules of the checkout at `root`."""

    make_command: Callable[[int, Path], Sequence[str]]
    make_environ: Callable[[int, Path], Environ]
    root: Path = ROOT

    def measure(self, sizes: Sequence[int], seconds: float) -> ServerFigures:
        """Start it in a new folder, load it, and kill it."""
        with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as name:
            folder, port = Path(name), find_free_port()
            environ = {**self.make_environ(port, folder), "PYTHONPATH": str(self.root)}
            began = time.perf_counter()
            with start_child(
                self.make_command(port, folder), port, core=pick_cores()[0], env=environ, cwd=folder
            ) as child:
                start = time.perf_counter() - began
                loads = {size: _measure_size(child, size, seconds) for size in sizes}
                paced = _load(port, sizes[0], seconds, _PACED_RATE)
                return ServerFigures(start, child.measure_memory(), loads, paced)


def _measure_size(child: Child, size: int, seconds: float) -> SizeFigures:
    _load(child.port, size, _WARM_UP_SECONDS)
    before = child.measure_running_seconds()
    result = _load(child.port, size, seconds)
    used = child.measure_running_seconds() - before
    return SizeFigures(result.rate, used / max(result.good, 1) * 1e6)


def _load(port: int, size: int, seconds: float, rate: float | None = None) -> LoadResult:
    result = run_load(port, generate_requests(make_body(size)), _CONNECTIONS, seconds, rate)
    assert set(result.answers) <= {200, 503}, result.answers
    return result


def _receiver(name: str, root: Path = ROOT) -> Program:
    def make_command(port: int, folder: Path) -> list[str]:
        return module_command("bench.support.receivers", name, str(port), sqlite_url(folder))

    return Program(make_command, lambda _port, _folder: {}, root)


def _candidate(name: str) -> Program:
    def make_command(port: int, folder: Path) -> list[str]:
        return module_command("bench.support.server_candidates", name, str(port), sqlite_url(folder))

    return Program(make_command, lambda _port, _folder: {})


def _serve(environ: Environ, root: Path = ROOT) -> Program:
    def make_environ(port: int, folder: Path) -> Environ:
        own = {"PORT": str(port), "DATABASE_URL": sqlite_url(folder), "BUILDKITE_WEBHOOK_TOKEN": SECRET}
        return {**environ, **own}

    return Program(lambda _port, _folder: module_command("bot", "serve"), make_environ, root)


def _list_programs(environ: Environ, before: Path | None) -> dict[str, Program]:
    programs = {
        "bare Starlette on uvicorn, stores nothing": _receiver("starlette"),
        "Kitestring's server": _receiver("ours"),
    }
    for name, (label, package) in _CANDIDATES.items():
        if find_spec(package):
            programs[label] = _candidate(name)
        else:
            print(f"Left out: {label}: install it with {sys.executable} -m pip install {package}.", flush=True)
    programs["all of `serve`"] = _serve(environ)
    if before:
        programs["Kitestring's server, before"] = _receiver("ours", before)
        programs["all of `serve`, before"] = _serve(environ, before)
    return programs


def render_sizes(found: Mapping[str, Sequence[ServerFigures]], size: int) -> str:
    """Return the table of one size, with ratios to the first contender; a ratio of processor time is inverted."""
    first = next(iter(found.values()))
    base_rates, base_costs = ([figures.loads[size][field] for figures in first] for field in (0, 1))
    rows = []
    for name, rounds in found.items():
        rates, costs = ([figures.loads[size][field] for figures in rounds] for field in (0, 1))
        rate_ratio, cost_ratio = compute_ratios(rates, base_rates), compute_ratios(base_costs, costs)
        medians = [f"{compute_spread(rates).median:,.0f}", f"{compute_spread(costs).median:,.0f}"]
        rows.append([name, medians[0], rate_ratio.render(), medians[1], cost_ratio.render()])
    return render_table(
        [f"{size:,} bytes", "a second", "to the first", "µs of a core", "per core, to the first"], rows
    )


def render_rest(found: Mapping[str, Sequence[ServerFigures]]) -> str:
    """Return the table of acknowledgements at a fixed rate, starts and memory."""
    rows = [
        [
            name,
            *(
                compute_spread([figures.paced.milliseconds_at(share) for figures in rounds]).render(1)
                for share in (0.5, 0.99)
            ),
            compute_spread([figures.start for figures in rounds]).render(),
            compute_spread([figures.memory for figures in rounds]).render(0),
        ]
        for name, rounds in found.items()
    ]
    heads = ["", f"p50 at {_PACED_RATE:.0f} a second, ms", "p99, ms", "start, s", "memory, MiB"]
    return render_table(heads, rows)


async def _measure(given: argparse.Namespace, folder: Path) -> None:
    async with open_town(folder, socket=False) as made:
        programs = _list_programs(made.environ, given.before)
        chosen = {name: program for name, program in programs.items() if not given.only or name in given.only}
        measures = {name: partial(program.measure, given.sizes, given.seconds) for name, program in chosen.items()}
        found = await asyncio.to_thread(measure_in_turn, measures, given.rounds)
    tables = [*(render_sizes(found, size) for size in given.sizes), render_rest(found)]
    print("\n\n".join(tables), flush=True)


def main(arguments: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench servers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.5, help="of each size, and at the fixed rate")
    parser.add_argument("--sizes", type=int, nargs="+", default=[2600, 10240, 41000], metavar="BYTES")
    parser.add_argument("--before", type=lambda text: Path(text).resolve(), metavar="FOLDER")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="some of the contenders, named as in the tables")
    given = parser.parse_args(arguments)
    os.sched_setaffinity(0, {pick_cores()[1]})
    with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
        asyncio.run(_measure(given, Path(folder)))
