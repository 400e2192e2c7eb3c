"""Footprint: seconds until `serve` is ready, what its imports cost, its memory, and its file after many webhooks.

Ready is a 200 of `/readyz`, from the moment the process is started, against simulated vendors on loopback; beside
it a bare Python that imports the same libraries and ends, and a bare Starlette on uvicorn until it answers.
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

from bench.support.child_process import module
from bench.support.memory_growth import Growth
from bench.support.import_times import Import, by_library, modules, quickest
from bench.support.rounds import in_turn, ratios, spread, table
from bench.support.process_start import Started, core, installed, serve, starlette
from bench.support.database_size import pruned, weighed
from bot.runtime import log_setup
from tests.process.town import Town, town

_DATABASE = "kitestring.db"
_IMPORTTIME = 3
_LATER = (2, 61, 91)


class Footprint:
    """Measures in `folder`; the environment names the simulated vendors."""

    def __init__(self, environ: dict[str, str], folder: Path) -> None:
        self._environ = environ
        self._folder = folder
        self.idle: dict[str, list[float]] = {}

    def starts(self, rounds: int) -> dict[str, list[float]]:
        """Seconds of each kind of start, in turn."""
        serve(self._environ, self._folder).run()  # makes the database, and what Python compiles
        return in_turn(
            {
                "a bare Python imports the libraries": lambda: core(self._environ),
                "a bare Starlette on uvicorn": lambda: self._timed("a bare Starlette on uvicorn", starlette),
                "`serve`, a database that is there": lambda: self._timed("`serve`", serve),
                "`serve`, a new database": self._new,
            },
            rounds,
        )

    def _timed(self, name: str, kind: Callable[[dict[str, str], Path], Started]) -> float:
        with kind(self._environ, self._folder) as started:
            time.sleep(1)
            self.idle.setdefault(name, []).append(started.child.resident())
        return started.seconds

    def _new(self) -> float:
        with tempfile.TemporaryDirectory(dir=self._folder) as new:
            environ = self._environ | {"DATABASE_URL": f"sqlite+aiosqlite:///{new}/{_DATABASE}"}
            return serve(environ, self._folder).run()

    def imports(self) -> list[Import]:
        """What a start imports, by library: of three starts the least that each module took."""
        return by_library(quickest(self._told() for _ in range(_IMPORTTIME)), sys.stdlib_module_names)

    def _told(self) -> dict[str, int]:
        command = [sys.executable, "-X", "importtime", *module("bot", "serve")[1:]]
        started = serve(self._environ, self._folder, command)
        started.run()
        return modules(started.log.read_text())

    def grown(self, events: int) -> str:
        """Memory while so many webhooks come, and the file afterwards."""
        file = self._folder / _DATABASE
        serve(self._environ, self._folder).run()  # a start that migrates keeps what it needed for that
        with serve(self._environ, self._folder) as started:
            growth = Growth(started.child, file)
            took = growth.driven(events)
        lines = [f"{events:,} webhooks in {took:.0f} s: sent, kept, read; every build remembered as it ended", ""]
        marks = growth.samples[:: max(len(growth.samples) // 10, 1)]
        lines += [
            table(
                ["webhooks read", "resident, MiB"], [[f"{mark.read:,}", f"{mark.resident:.0f}"] for mark in marks]
            )
        ]
        rows = [("at once", weighed(file)), *((f"after {days} days", pruned(file, days)) for days in _LATER)]
        sizes = [[when, f"{weight.file:,.0f}", f"{weight.used:,.0f}"] for when, weight in rows]
        return "\n".join([*lines, "", table(["the database", "file, MiB", "in use, MiB"], sizes)])


def started_table(found: dict[str, list[float]]) -> str:
    """Seconds, and the ratio to the first."""
    base = next(iter(found.values()))
    rows = [[name, spread(took).said(), ratios(took, base).said()] for name, took in found.items()]
    return table(["what starts", "seconds until ready", "to the libraries alone"], rows)


def imports_table(found: list[Import], least: float = 8) -> str:
    """The costly ones by name, the rest as one row."""
    shown = [item for item in found if item.milliseconds >= least]
    rest = [item for item in found if item.milliseconds < least]
    other = Import(
        f"{len(rest)} others", sum(item.milliseconds for item in rest), sum(item.modules for item in rest)
    )
    rows = [[item.name, f"{item.milliseconds:.0f}", str(item.modules)] for item in [*shown, other]]
    total = [f"{sum(item.milliseconds for item in found):.0f}", str(sum(item.modules for item in found))]
    return table(["library", "ms", "modules"], [*rows, ["all", *total]])


def _measured(footprint: Footprint, rounds: int, events: int) -> None:
    if rounds:
        print(started_table(footprint.starts(rounds)), "\n")
        idle = [[name, spread(sizes).said(0)] for name, sizes in footprint.idle.items()]
        print(table(["idle, a second after", "resident, MiB"], idle), "\n")
        print(imports_table(footprint.imports()), "\n")
    if events:
        print(footprint.grown(events))


async def _all(rounds: int, events: int, folder: Path) -> None:
    async with town(folder, socket=False) as made:
        (absent := folder / "absent").mkdir()
        environ = {"PATH": os.environ["PATH"], **_told(made), **installed(absent)}
        await asyncio.to_thread(_measured, Footprint(environ, folder), rounds, events)


def _told(made: Town) -> dict[str, str]:
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
        asyncio.run(_all(given.rounds, given.events, Path(folder)))
