"""Matching a build against ten subscriptions and against ten thousand, in turn.

One in five rules names a pattern, one in five a branch, one in five a person; the rest name one pipeline each.
`python -m bench subscriptions` prints microseconds for a build, the median of rounds, and the ratio.
"""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime

from bot.notifications.subscriptions.index import SubscriptionIndex
from bot.notifications.subscriptions.model import ObservedBuild, Subscription

ROUNDS, BUILDS = 15, 2000
FEW, MANY = 10, 10_000
NOW = datetime(2026, 11, 2, tzinfo=UTC)


def make_subscription(index: int) -> Subscription:
    """Return the index-th subscription of a mixture that is the same in each run."""
    kinds = (
        {"pipeline": f"service-{index}"},
        {"pipeline": f"team-{index}-*"},
        {"pipeline": f"*-of-{index}"},
        {"pipeline": f"service-{index}", "branch": "release/*"},
        {"pipeline": "*", "creators": (f"person{index}@acme.example",)},
    )
    channel = {"id": f"{index:05}", "team": "T", "channel": f"C{index}", "created_by": "U", "created_at": NOW}
    return Subscription(**channel, **kinds[index % len(kinds)])  # type: ignore[arg-type]


def make_builds(count: int) -> list[ObservedBuild]:
    """Return builds of pipelines, some of which match the first ten rules."""
    return [
        ObservedBuild(
            f"service-{index % 20}",
            "main" if index % 3 else "release/7",
            frozenset({"failed"}),
            frozenset({f"person{index % 20}@acme.example"}),
            "webhook",
        )
        for index in range(count)
    ]


def time_matching(index: SubscriptionIndex, builds: list[ObservedBuild]) -> float:
    """Return the seconds of one round."""
    begun = time.perf_counter()
    for build in builds:
        index.find_matching(build, assume_step=True)
    return time.perf_counter() - begun


def main(_arguments: list[str]) -> None:
    """Measure both in turn, so that a slow moment of the machine affects both."""
    few, many, builds = (
        SubscriptionIndex(map(make_subscription, range(FEW))),
        SubscriptionIndex(map(make_subscription, range(MANY))),
        make_builds(BUILDS),
    )
    taken = [(time_matching(few, builds), time_matching(many, builds)) for _ in range(ROUNDS)]
    first, second = (statistics.median(times) * 1e6 / BUILDS for times in zip(*taken, strict=True))
    print(f"{FEW:>6,} subscriptions: {first:6.1f} µs a build")
    print(f"{MANY:>6,} subscriptions: {second:6.1f} µs a build")
    print(f"ratio: {second / first:.2f} (python -m bench subscriptions)")
