"""Lag: from a webhook to what a channel shows, beside a receiver that stores nothing and a bot without a plan."""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from pathlib import Path

from bench._lag_idle import Idle, measured
from bench._rounds import percentile, spread, table

# 50 updates a minute are what Slack allows: one each 1.3 seconds never waits for its turn.
BUILDS, GAP = 150, 1.3


def idle_table(found: Idle) -> str:
    """Milliseconds, and how many times as long as the receiver that stores nothing."""
    rows = [
        (name, *(f"{percentile(values, share):.1f} ms" for share in (0.5, 0.99)), f"{max(values):.1f} ms")
        for name, values in (("a receiver that stores nothing", found.bare), ("the bot", found.ours))
    ]
    each = spread([ours / bare for ours, bare in zip(found.ours, found.bare, strict=True)])
    return f"{table(('from webhook to `chat.update`', 'p50', 'p99', 'longest'), rows)}\n\nratio {each.said()}"


def main(arguments: list[str]) -> None:
    """Measure and print."""
    asking = argparse.ArgumentParser("python -m bench lag")
    asking.add_argument("--builds", type=int, default=BUILDS)
    asking.add_argument("--gap", type=float, default=GAP)
    given = asking.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measured(Path(folder), given.builds, given.gap))
    print(f"{len(found.ours)} changes, {found.refused} refused by Slack\n\n{idle_table(found)}")
