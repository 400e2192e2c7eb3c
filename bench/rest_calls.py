"""REST: `build view` by a program, beside the same slash command until its answer has arrived.

Both read the build from Buildkite and are judged, recorded and answered. Bot, vendors and callers share a process.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from bench.support.rounds import compute_percentile, compute_ratios, compute_spread, render_table
from tests.rest.caller import Caller, open_caller

_UNLIMITED = 10_000_000


async def _time(count: int, act: Callable[[], Awaitable[object]]) -> list[float]:
    """Return the seconds that each of so many acts took."""
    seconds = []
    for _ in range(count):
        begun = time.perf_counter()
        await act()
        seconds.append(time.perf_counter() - begun)
    return seconds


async def _type(caller: Caller) -> None:
    await caller.world.bob.types(caller.world.deploys, "/bk build view web 1")
    await caller.world.bot.drain()


async def _call(caller: Caller) -> None:
    answer = await caller.get("build/view?pipeline=web&number=1")
    answer.raise_for_status()


async def measure(folder: Path, rounds: int, count: int) -> dict[str, list[list[float]]]:
    """Measure both in turn, every other round backwards."""
    found: dict[str, list[list[float]]] = {"slash command, with its answer": [], "REST": []}
    async with open_caller(folder, KITESTRING_API_RATE="100000") as caller:
        caller.world.buildkite.create_build("web")
        limits = caller.world.buildkite.limits
        limits.user.limit = limits.org.limit = _UNLIMITED
        acts = {"slash command, with its answer": _type, "REST": _call}
        for act in acts.values():
            await _time(count // 4, lambda act=act: act(caller))  # type: ignore[misc]
        for number in range(rounds):
            for name in list(acts)[:: 1 if number % 2 == 0 else -1]:
                act = acts[name]
                found[name].append(await _time(count, lambda act=act: act(caller)))  # type: ignore[misc]
                caller.world.clock.advance(60)
    return found


def render_report(found: dict[str, list[list[float]]]) -> str:
    """Return the table of milliseconds, with the ratio to the slash command's."""
    halves = {name: [compute_percentile(each, 0.5) * 1000 for each in rounds] for name, rounds in found.items()}
    base = next(iter(halves.values()))
    rows = [
        [name, compute_spread(half).render(1), compute_ratios(half, base).render(2)]
        for name, half in halves.items()
    ]
    return render_table(["`build view`", "p50, ms", "to the slash command’s"], rows)


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m bench rest_calls", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--count", type=int, default=100, help="calls in a round")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as folder:
        print(render_report(asyncio.run(measure(Path(folder), given.rounds, given.count))))
