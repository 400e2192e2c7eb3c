"""Lag: from a webhook to the channel, beside a receiver that stores nothing and a naive bot."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench.support.lag_idle import IdleLags, measure_idle_lags
from bench.support.lag_report import check_cards, render_report
from bench.support.lag_under_load import observe_load
from bench.support.rounds import compute_percentile, compute_spread, render_table

# Below the 50 updates a minute that Slack allows and the 30 reads that the bot spends, so that nothing queues.
BUILDS, GAP = 90, 2.1
MINUTES, SEED = 5.0, 42


def measure_idle(builds: int, gap: float) -> str:
    """Measure one change at a time."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measure_idle_lags(Path(folder), builds, gap))
    return f"{len(found.ours)} changes, {found.refused} refused by Slack\n\n{render_idle(found)}"


def render_idle(found: IdleLags) -> str:
    """Return the table of milliseconds, with the ratio to the receiver that stores nothing."""
    rows = [
        (name, *(f"{compute_percentile(values, share):.1f} ms" for share in (0.5, 0.99)), f"{max(values):.1f} ms")
        for name, values in (("a receiver that stores nothing", found.baseline), ("the bot", found.ours))
    ]
    each = compute_spread([ours / bare for ours, bare in zip(found.ours, found.baseline, strict=True)])
    heads = ("from webhook to `chat.update`", "p50", "p99", "longest")
    return f"{render_table(heads, rows)}\n\nratio {each.render(1)}"


def measure_load(minutes: float, seed: int) -> str:
    """Measure two hundred builds at once."""
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(observe_load(Path(folder), minutes, seed))
    check_cards(done)
    return render_report(done)


def main(arguments: list[str]) -> None:
    """Measure and print both, or the named one."""
    asking = argparse.ArgumentParser("python -m bench lag")
    asking.add_argument("which", nargs="?", choices=("idle", "load"))
    asking.add_argument("--builds", type=int, default=BUILDS)
    asking.add_argument("--gap", type=float, default=GAP)
    asking.add_argument("--minutes", type=float, default=MINUTES)
    asking.add_argument("--seed", type=int, default=SEED)
    given = asking.parse_args(arguments)
    if given.which != "load":
        print(measure_idle(given.builds, given.gap))
    if given.which != "idle":
        print(measure_load(given.minutes, given.seed))
