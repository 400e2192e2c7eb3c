"""`python -m tests.fuzz --seconds 300`: every target in turn for that long altogether, and how much was tried."""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import structlog
from hypothesis import HealthCheck, Verbosity, given, settings

from tests.fuzz.stack import standing
from tests.fuzz.targets import Target, counted, targets


def tried(target: Target, seconds: float) -> Counter[object]:
    """Random examples until the time is over; whatever fails is raised, shrunk."""
    counts: Counter[object] = Counter()
    check = counted(target, counts)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run = settings(
            max_examples=200,
            deadline=None,
            database=None,
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        run(given(target.drawn)(check))()
    return counts


def main() -> None:
    """Print a line for each target."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together")
    parser.add_argument("--only", help="a target by name")
    told = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder, standing(Path(folder)) as stack:
        chosen = {name: item for name, item in targets(stack).items() if told.only in (None, name)}
        for name, target in chosen.items():
            counts = tried(target, told.seconds / len(chosen))
            spread = ", ".join(f"{word}: {count}" for word, count in counts.most_common(8))
            sys.stdout.write(f"{name}: {counts.total()} inputs ({spread})\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
