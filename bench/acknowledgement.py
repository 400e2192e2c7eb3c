"""Acknowledgement: slash commands at 50 a second while 1,000 webhooks a second arrive, beside Bolt's bare `ack()`.

Each command's signature is verified, its text is parsed and it is stored before it is acknowledged; then it is
authorized, carried out and answered. The bare bot gets the same webhooks on a route that stores nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from bench.support.child_process import ROOT, Child, find_free_port, module_command, pick_cores, start_child
from bench.support.http_load import Load, LoadResult
from bench.support.memory_growth import generate_requests
from bench.support.rounds import compute_percentile, compute_ratios, compute_spread, render_table
from bench.support.slash_commands import AnswerCounter, CommandSender, send_commands
from simulators.http_server import Serving
from tests.process.town import open_town

_TEXT = "help build create"
_WARM = 2.0
_PATIENCE = 120.0


@dataclass
class Round:
    """Seconds until each command was acknowledged, and the result of the webhooks sent meanwhile."""

    seconds_each: list[float]
    webhooks: LoadResult | None

    def milliseconds_at(self, share: float) -> float:
        """Return the milliseconds within which that share was acknowledged."""
        return compute_percentile(self.seconds_each, share) * 1000


@dataclass
class Scene:
    """Both bots on the first core; the load, the vendors and the answers on the other."""

    ours: Child
    bolt: Child
    sender: CommandSender
    answers: AnswerCounter
    database: Path
    names: itertools.count[int] = field(default_factory=itertools.count)
    acknowledged: list[str] = field(default_factory=list)

    async def run_round(self, program: Child, seconds: float, rate: float, webhooks: float) -> Round:
        """Send commands for some seconds, with or without webhooks, and wait until all are handled."""
        load = Load(program.port, generate_requests(), 32, webhooks) if webhooks else None
        beside = asyncio.create_task(load.run(_WARM + seconds + 0.5)) if load else None
        await asyncio.sleep(_WARM)
        names = [f"trigger.{next(self.names)}" for _ in range(int(seconds * rate))]
        took = await send_commands(program.port, self.sender, names, _TEXT, rate)
        webhook_result = await beside if beside else None
        if program is self.ours:
            self.acknowledged += names
            await self._wait_until_done()
        return Round(took, webhook_result)

    async def _wait_until_done(self) -> None:
        """Wait until every webhook is read and every command answered. Raise RuntimeError on timeout."""
        until = time.monotonic() + _PATIENCE
        while self._count_waiting() or len(self.answers.seen) < len(self.acknowledged):
            if time.monotonic() > until:
                raise RuntimeError(f"{self._count_waiting()} wait, {len(self.answers.seen)} were answered.")
            await asyncio.sleep(0.2)

    def _count_waiting(self) -> int:
        rows = self._query("SELECT count(*) FROM deliveries WHERE state = 'new'")
        return int(rows[0][0])

    def _query(self, query: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(f"file:{self.database}?mode=ro", uri=True)) as line:
            return line.execute(query).fetchall()

    def check(self) -> None:
        """Check that each acknowledged command was stored, carried out and answered exactly once."""
        rows = self._query("SELECT key, state FROM invocations")
        states = {str(key).removeprefix("slash:"): state for key, state in rows}
        wrong = [name for name in self.acknowledged if states.get(name) != "done" or self.answers.seen[name] != 1]
        if wrong or len(rows) != len(self.acknowledged):
            raise RuntimeError(f"{len(rows)} written for {len(self.acknowledged)}; not done once: {wrong[:5]}")


@asynccontextmanager
async def open_scene(folder: Path) -> AsyncIterator[Scene]:
    """Start both vendors, the bot and the bare bot."""
    first, second = pick_cores()
    async with open_town(folder, socket=False) as made:
        answers = AnswerCounter(made.slack.app)
        async with Serving(answers) as base:
            made.slack.base_url = base
            os.sched_setaffinity(0, {second})
            port, bare = find_free_port(), find_free_port()
            environ = {**made.environ, "PORT": str(port), "PYTHONPATH": str(ROOT)}
            serve, other = (
                module_command("bot", "serve"),
                module_command("bench.support.bare_bolt", str(bare), f"{base}/api/"),
            )
            with ExitStack() as stack:
                # In a thread, because it calls the vendors as it starts, and those run in this event loop.
                ours = await asyncio.to_thread(
                    stack.enter_context, start_child(serve, port, core=first, env=environ, cwd=folder)
                )
                bolt = await asyncio.to_thread(
                    stack.enter_context, start_child(other, bare, core=first, env=environ)
                )
                asker = CommandSender(made.alice.id, made.slack.team, made.deploys.id, base)
                yield Scene(ours, bolt, asker, answers, folder / "kitestring.db")


async def measure(
    ground: Scene, rounds: int, seconds: float, rate: float, webhooks: float
) -> dict[str, list[Round]]:
    """Measure all four cases in turn, every other round backwards."""
    plan = {
        "Bolt’s bare `ack()`, alone": (ground.bolt, 0.0),
        "Bolt’s bare `ack()`, with the webhooks": (ground.bolt, webhooks),
        "the bot, alone": (ground.ours, 0.0),
        "the bot, with the webhooks": (ground.ours, webhooks),
    }
    found: dict[str, list[Round]] = {name: [] for name in plan}
    for number in range(rounds):
        for name in list(plan)[:: 1 if number % 2 == 0 else -1]:
            program, beside = plan[name]
            found[name].append(await ground.run_round(program, seconds, rate, beside))
    ground.check()
    return found


def render_report(found: dict[str, list[Round]]) -> str:
    """Return the table of milliseconds, with ratios to Bolt's under the same load."""
    names, rows = list(found), []
    for name, rounds in found.items():
        base = found[names[names.index(name) % 2]]
        half = compute_spread([item.milliseconds_at(0.5) for item in rounds])
        most = compute_spread([item.milliseconds_at(0.99) for item in rounds])
        ratio = compute_ratios(
            [item.milliseconds_at(0.5) for item in rounds], [item.milliseconds_at(0.5) for item in base]
        )
        beside = [item.webhooks for item in rounds if item.webhooks]
        rate = f"{compute_spread([item.rate for item in beside]).median:,.0f}" if beside else "–"
        rows.append([name, half.render(1), most.render(1), ratio.render(1), rate])
    return render_table(["bot", "p50, ms", "p99, ms", "p50 to Bolt’s", "webhooks a second"], rows)


async def _measure_and_print(folder: Path, rounds: int, seconds: float, rate: float, webhooks: float) -> None:
    async with open_scene(folder) as ground:
        found = await measure(ground, rounds, seconds, rate, webhooks)
        lost = [item.webhooks for many in found.values() for item in many if item.webhooks]
        bad = sum(item.lost + sum(item.answers.values()) - item.good for item in lost)
        print(f"{len(ground.acknowledged):,} commands acknowledged by the bot, each stored and answered once")
        print(f"{bad} webhooks refused\n")
        print(render_report(found))


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench acknowledgement", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=8, help="of commands in a round")
    parser.add_argument("--rate", type=float, default=50, help="commands a second")
    parser.add_argument("--webhooks", type=float, default=1000, help="a second")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
        work = _measure_and_print(Path(folder), given.rounds, given.seconds, given.rate, given.webhooks)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
