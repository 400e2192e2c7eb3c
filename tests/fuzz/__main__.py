"""Fuzzes every target in turn and prints how many inputs were fuzz: `python -m tests.fuzz --seconds 300`."""

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

from tests.fuzz.stack import run_stack
from tests.fuzz.targets import Target, count_results, make_targets


def fuzz(target: Target, seconds: float) -> Counter[object]:
    """Try random examples until the time is over; raises the shrunk failure."""
    counts: Counter[object] = Counter()
    check = count_results(target, counts)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        run = settings(
            max_examples=200,
            deadline=None,
            database=None,
            verbosity=Verbosity.quiet,
            suppress_health_check=list(HealthCheck),
        )
        run(given(target.inputs)(check))()
    return counts


def main() -> None:
    """Fuzz the make_targets and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--seconds", type=float, default=60, help="for all make_targets together")
    parser.add_argument("--only", help="a target by name")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    with tempfile.TemporaryDirectory() as folder, run_stack(Path(folder)) as stack:
        chosen = {name: item for name, item in make_targets(stack).items() if options.only in (None, name)}
        for name, target in chosen.items():
            counts = fuzz(target, options.seconds / len(chosen))
            spread = ", ".join(f"{word}: {count}" for word, count in counts.most_common(8))
            sys.stdout.write(f"{name}: {counts.total()} inputs ({spread})\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
