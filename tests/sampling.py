"""Chooses what the tests that enumerate go through: everything with `--all`, or else a seeded sample.

A test enumerates if it tries many points of the same kind, such as every commit after which the bot may die.

- A parametrized one is marked with `exhaustive(keep=3)`: that many of its cases stay in the sample.
- One that enumerates by itself takes the fixture `sample`: `for number in sample(range(1, 90), keep=4)`.
- One that draws examples with Hypothesis has `@many_examples(600)`, of which the sample is a part.

The first and the last point are always in the sample, unless it keeps only one.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from typing import Protocol, TypeVar

import pytest
from hypothesis import HealthCheck, settings

T = TypeVar("T")
# With the same seed, a run tries the same points each time: what fails, fails again. CI tries all points anyway.
DEFAULT_SEED = 1
_LEFT_OUT = "points left out"
_QUICK, _ALL = 20, 100  # Hypothesis's examples for a property without a number of its own


class Sample(Protocol):
    """Chooses points."""

    def __call__(self, points: Sequence[T], keep: int) -> Sequence[T]:
        """Return the points to try: all, or else as many of them as `choose` returns."""


def many_examples(count: int) -> settings:
    """Return settings with this many examples of a property, or a part of them in the sample."""
    return settings(max_examples=max(count * settings.default.max_examples // _ALL, 1))


def choose(points: Sequence[T], keep: int, seed: str) -> Sequence[T]:
    """Return `keep` of the points with the first and the last, in their order; `keep=1` means any of them."""
    if len(points) <= keep:
        return points
    if keep == 1:
        return [random.Random(seed).choice(points)]
    drawn = random.Random(seed).sample(range(1, len(points) - 1), max(keep - 2, 0))
    return [points[place] for place in sorted({0, len(points) - 1, *drawn})]


class Sampling:
    """The plugin: adds up what is left out, and says so at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._everything: bool = config.getoption("--all")
        self._seed: int = config.getoption("--sample-seed")
        self._tests_left_out = 0

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Print the seed."""
        reporter = session.config.pluginmanager.get_plugin("terminalreporter")
        if reporter and not self._everything and not hasattr(session.config, "workerinput"):
            reporter.write_line(f"Tests that enumerate try a sample, --sample-seed={self._seed}; --all tries all.")

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Deselect the cases that aren't in the sample."""
        if self._everything:
            return
        chosen = {item for group in _group(items).values() for item in self._choose(group)}
        left_out = [item for item in items if item not in chosen]
        self._tests_left_out = len(left_out)
        items[:] = [item for item in items if item in chosen]
        config.hook.pytest_deselected(items=left_out)

    def _choose(self, cases: list[pytest.Item]) -> Sequence[pytest.Item]:
        marker = cases[0].get_closest_marker("exhaustive")
        return choose(cases, marker.kwargs["keep"], f"{self._seed} {_name(cases[0])}") if marker else cases

    @pytest.fixture
    def sample(self, request: pytest.FixtureRequest) -> Sample:
        """Return a function that chooses the points that this test tries."""

        def choose_points(points: Sequence[T], keep: int) -> Sequence[T]:
            chosen = points if self._everything else choose(points, keep, f"{self._seed} {request.node.nodeid}")
            request.node.user_properties.append((_LEFT_OUT, len(points) - len(chosen)))
            return chosen

        return choose_points

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send the number of tests left out from a worker to the process that reports."""
        output: dict[str, int] | None = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_LEFT_OUT] = self._tests_left_out

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: object) -> None:
        """Receive the number from a worker; all workers collect the same tests."""
        output: dict[str, int] = getattr(node, "workeroutput", {})
        self._tests_left_out = max(self._tests_left_out, output.get(_LEFT_OUT, 0))

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print how much was left out."""
        counts = [
            value
            for outcome in ("passed", "failed")
            for report in terminalreporter.getreports(outcome)
            for name, value in report.user_properties
            if name == _LEFT_OUT
        ]
        points, tests = sum(counts), sum(bool(count) for count in counts)
        if self._tests_left_out or points:
            terminalreporter.line(
                f"Left to `make test-all`: {self._tests_left_out} tests, and {points} points of {tests} others."
            )


def add_options(parser: pytest.Parser) -> None:
    """Add the options to pytest's."""
    group = parser.getgroup("sample")
    group.addoption("--all", action="store_true", help="try everything that tests enumerate, not a sample")
    group.addoption(
        "--sample-seed", type=int, default=DEFAULT_SEED, help=f"seed of the sample, {DEFAULT_SEED} by default"
    )


def configure(config: pytest.Config) -> None:
    """Register the plugin and Hypothesis's profiles, in which nothing depends on how busy the machine is."""
    patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("quick", patient, max_examples=_QUICK, derandomize=True)
    settings.register_profile("all", patient, max_examples=_ALL)
    settings.load_profile("all" if config.getoption("--all") else "quick")
    config.pluginmanager.register(Sampling(config), "kitestring-sampling")


def _group(items: list[pytest.Item]) -> dict[str, list[pytest.Item]]:
    """Return the cases of each test."""
    groups: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        groups[_name(item)].append(item)
    return groups


def _name(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]
