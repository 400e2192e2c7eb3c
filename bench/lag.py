"""Lag: from a webhook to what a channel shows, beside a receiver that stores nothing and a bot without a plan."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench.support.lag_idle import Idle, measured
from bench.support.lag_under_load import played
from bench.support.lag_report import check, told
from bench.support.rounds import percentile, spread, table

# 50 updates a minute are what Slack allows, 30 reads what the bot takes of Buildkite's: so many wait for no turn.
BUILDS, GAP = 90, 2.1
MINUTES, SEED = 5.0, 42


def idle(builds: int, gap: float) -> str:
    """Measure one change at a time."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measured(Path(folder), builds, gap))
    return f"{len(found.ours)} changes, {found.refused} refused by Slack\n\n{idle_table(found)}"


def idle_table(found: Idle) -> str:
    """Milliseconds, and how many times as long as the receiver that stores nothing."""
    rows = [
        (name, *(f"{percentile(values, share):.1f} ms" for share in (0.5, 0.99)), f"{max(values):.1f} ms")
        for name, values in (("a receiver that stores nothing", found.bare), ("the bot", found.ours))
    ]
    each = spread([ours / bare for ours, bare in zip(found.ours, found.bare, strict=True)])
    return f"{table(('from webhook to `chat.update`', 'p50', 'p99', 'longest'), rows)}\n\nratio {each.said(1)}"


def load(minutes: float, seed: int) -> str:
    """Measure two hundred builds at once."""
    with tempfile.TemporaryDirectory() as folder:
        done = asyncio.run(played(Path(folder), minutes, seed))
    check(done)
    return told(done)


def main(arguments: list[str]) -> None:
    """Measure and print; both, or the one that is named."""
    asking = argparse.ArgumentParser("python -m bench lag")
    asking.add_argument("which", nargs="?", choices=("idle", "load"))
    asking.add_argument("--builds", type=int, default=BUILDS)
    asking.add_argument("--gap", type=float, default=GAP)
    asking.add_argument("--minutes", type=float, default=MINUTES)
    asking.add_argument("--seed", type=int, default=SEED)
    given = asking.parse_args(arguments)
    if given.which != "load":
        print(idle(given.builds, given.gap))
    if given.which != "idle":
        print(load(given.minutes, given.seed))
