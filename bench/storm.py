"""Storm: time to truth of each card while builds end all at once, and the reads it took."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench.support.rounds import compute_percentile, render_table
from tests.robustness.storm import Storm, StormPlan, open_storm, play_storm

SEEDS, LIMITS = (1, 2), (50, 200)


async def play(plan: StormPlan) -> Storm:
    """Play a storm in a world of its own."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_storm(Path(folder), plan) as storm:
            await play_storm(storm)
            return storm


def describe(storm: Storm) -> tuple[str, ...]:
    """Return the row of a storm."""
    reads = storm.count_reads()
    lists = reads["lists of the organization"] + reads["lists of pipelines"]
    return (
        f"{storm.plan.requests} a minute, seed {storm.plan.seed}",
        *(render_delays(storm.delays(asked=asked)) for asked in (True, False)),
        render_delays(storm.explanation_delays()),
        f"{reads.total()} ({lists} lists)",
        str(storm.count_fewest_reads()),
    )


def render_delays(delays: list[float]) -> str:
    """Return the median, the ninetieth percentile and the longest of some delays, in seconds."""
    return " / ".join(f"{compute_percentile(delays, share):.0f}" for share in (0.5, 0.9, 1.0))


def main(arguments: list[str]) -> None:
    """Play the storms and print the table."""
    asking = argparse.ArgumentParser("python -m bench storm")
    asking.add_argument("--seed", type=int, action="append")
    asking.add_argument("--requests", type=int, action="append")
    given = asking.parse_args(arguments)
    plans = [StormPlan(seed, requests=limit) for limit in given.requests or LIMITS for seed in given.seed or SEEDS]
    heads = ("requests", "asked for, s", "subscribed, s", "failure explained, s", "reads", "fewest possible")
    print(render_table(heads, [describe(asyncio.run(play(plan))) for plan in plans]))
