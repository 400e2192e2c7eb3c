"""Gives all tests a clean environment, and explains at the end which tests weren't run and why."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

import pytest

from bot.runtime.startup import find_loop_factory
from tests import sampling, speed
from tests.programs import Program, chromium, conformance_suite, postgres


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that choose between all points and a sample."""
    sampling.add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Choose the points that tests go through."""
    sampling.configure(config)
    speed.share_statements()


@pytest.hookimpl(optionalhook=True)  # unknown without xdist
def pytest_xdist_auto_num_workers() -> int:
    """Start more workers than there are cores: many tests wait for processes, databases and pages."""
    return (os.cpu_count() or 1) + 2


def pytest_collection_finish() -> None:
    """Prepare to run many tests in one process."""
    speed.spare_garbage_collection()


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]] | None:
    """Run tests in the event loop that `serve` has, which also takes less time than asyncio's own."""
    factory = find_loop_factory()
    return {"serve": factory} if factory else None


def _needed() -> dict[str, Program]:
    """Return the program that the tests of each mark need."""
    return {"browser": chromium(), "postgres": postgres(), "conformance": conformance_suite()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests that need a program that isn't installed."""
    for mark, program in _needed().items():
        absent = pytest.mark.skip(reason=f"{program.name} isn't installed")
        for item in items if program.path is None else ():
            if item.get_closest_marker(mark):
                item.add_marker(absent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List the tests that didn't run, and how to make them run."""
    skipped = {report.nodeid for report in terminalreporter.getreports("skipped")}
    if not skipped:
        return
    terminalreporter.section("not run", sep="-")
    for mark, program in _needed().items():
        if program.path is None:
            terminalreporter.line(f"Tests marked {mark} need {program.name}: {program.remedy}.")
    for test in sorted(skipped):
        terminalreporter.line(f"  {test}")


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hide real tokens from tests: slack_bolt reads several variables of its own accord."""
    for name in os.environ:
        if name.startswith(("SLACK_", "BUILDKITE_", "KITESTRING_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
