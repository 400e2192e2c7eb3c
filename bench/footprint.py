"""Footprint: time until `serve` is ready, the cost of its imports, its memory, and its file after many webhooks.

Ready is a 200 of `/readyz`, measured from the start of the process, with simulated vendors on loopback. The
baselines are a bare Python that imports the same libraries and exits, and a bare Starlette on uvicorn until it
answers.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.support.child_process import module_command
from bench.support.database_size import measure_after_retention, measure_size
from bench.support.import_times import Import, parse_import_times, sum_by_library, take_minimum
from bench.support.memory_growth import Growth
from bench.support.process_start import (
    ServerStart,
    hide_test_packages,
    start_serve,
    start_starlette,
    time_library_imports,
)
from bench.support.rounds import compute_ratios, compute_spread, measure_in_turn, render_table
from bot.runtime import log_setup
from tests.process.town import Town, open_town

_DATABASE = "kitestring.db"
_IMPORT_RUNS = 3
_RETENTION_DAYS = (2, 61, 91)


class Footprint:
    """Measures in `folder`; the environment names the simulated vendors."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder
        self.idle: dict[str, list[float]] = {}

    def measure_starts(self, rounds: int) -> dict[str, list[float]]:
        """Return the seconds of each kind of start, measured in turn."""
        start_serve(self._environ, self._folder).run()  # makes the database, and what Python compiles
        return measure_in_turn(
            {
                "a bare Python imports the libraries": lambda: time_library_imports(self._environ),
                "a bare Starlette on uvicorn": lambda: self._time_start(
                    "a bare Starlette on uvicorn", start_starlette
                ),
                "`serve`, a database that is there": lambda: self._time_start("`serve`", start_serve),
                "`serve`, a new database": self._time_new_database,
            },
            rounds,
        )

    def _time_start(self, name: str, kind: Callable[[dict[str, str], Path], ServerStart]) -> float:
        with kind(self._environ, self._folder) as started:
            time.sleep(1)
            self.idle.setdefault(name, []).append(started.child.measure_memory())
        return started.seconds

    def _time_new_database(self) -> float:
        with tempfile.TemporaryDirectory(dir=self._folder) as new:
            environ = self._environ | {"DATABASE_URL": f"sqlite+aiosqlite:///{new}/{_DATABASE}"}
            return start_serve(environ, self._folder).run()

    def measure_imports(self) -> list[Import]:
        """Return the imports of a start by library: the minimum of three starts for each module."""
        return sum_by_library(
            take_minimum(self._read_import_times() for _ in range(_IMPORT_RUNS)), sys.stdlib_module_names
        )

    def _read_import_times(self) -> dict[str, int]:
        command = [sys.executable, "-X", "importtime", *module_command("bot", "serve")[1:]]
        started = start_serve(self._environ, self._folder, command)
        started.run()
        return parse_import_times(started.log.read_text())

    def measure_growth(self, events: int) -> str:
        """Measure the memory while webhooks arrive, and the file afterwards."""
        file = self._folder / _DATABASE
        start_serve(self._environ, self._folder).run()  # a start that migrates keeps what it needed for that
        with start_serve(self._environ, self._folder) as started:
            growth = Growth(started.child, file)
            took = growth.run(events)
        lines = [f"{events:,} webhooks in {took:.0f} s: sent, kept, read; every build remembered as it ended", ""]
        marks = growth.samples[:: max(len(growth.samples) // 10, 1)]
        lines += [
            render_table(
                ["webhooks read", "resident, MiB"], [[f"{mark.read:,}", f"{mark.resident:.0f}"] for mark in marks]
            )
        ]
        rows = [
            ("at once", measure_size(file)),
            *((f"after {days} days", measure_after_retention(file, days)) for days in _RETENTION_DAYS),
        ]
        sizes = [[when, f"{weight.file:,.0f}", f"{weight.used:,.0f}"] for when, weight in rows]
        return "\n".join([*lines, "", render_table(["the database", "file, MiB", "in use, MiB"], sizes)])


def render_starts(found: dict[str, list[float]]) -> str:
    """Return the table of seconds, with the ratio to the first row."""
    base = next(iter(found.values()))
    rows = [
        [name, compute_spread(took).render(), compute_ratios(took, base).render()] for name, took in found.items()
    ]
    return render_table(["what starts", "seconds until ready", "to the libraries alone"], rows)


def render_imports(found: list[Import], least: float = 8) -> str:
    """Return the table of expensive libraries, with the rest as one row."""
    shown = [item for item in found if item.milliseconds >= least]
    rest = [item for item in found if item.milliseconds < least]
    other = Import(
        f"{len(rest)} others", sum(item.milliseconds for item in rest), sum(item.modules for item in rest)
    )
    rows = [[item.name, f"{item.milliseconds:.0f}", str(item.modules)] for item in [*shown, other]]
    total = [f"{sum(item.milliseconds for item in found):.0f}", str(sum(item.modules for item in found))]
    return render_table(["library", "ms", "modules"], [*rows, ["all", *total]])


def _print_all(footprint: Footprint, rounds: int, events: int) -> None:
    if rounds:
        print(render_starts(footprint.measure_starts(rounds)), "\n")
        idle = [[name, compute_spread(sizes).render(0)] for name, sizes in footprint.idle.items()]
        print(render_table(["idle, a second after", "resident, MiB"], idle), "\n")
        print(render_imports(footprint.measure_imports()), "\n")
    if events:
        print(footprint.measure_growth(events))


async def _measure_all(rounds: int, events: int, folder: Path) -> None:
    async with open_town(folder, socket=False) as made:
        (absent := folder / "absent").mkdir()
        environ = {"PATH": os.environ["PATH"], **_make_environ(made), **hide_test_packages(absent)}
        await asyncio.to_thread(_print_all, Footprint(environ, folder), rounds, events)


def _make_environ(made: Town) -> dict[str, str]:
    made.buildkite.limits.user.limit = 100_000
    return made.environ


def main(arguments: list[str]) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench footprint", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="of starts; 0 for none")
    parser.add_argument("--events", type=int, default=100_000, help="webhooks; 0 for none")
    given = parser.parse_args(arguments)
    log_setup.configure_logging("WARNING", "text")
    with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
        asyncio.run(_measure_all(given.rounds, given.events, Path(folder)))
