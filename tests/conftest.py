"""What all tests share: a clean environment, and plain words about what was skipped."""

from __future__ import annotations

import os

import pytest

from tests.programs import Program, chromium, postgres


def _needed() -> dict[str, Program]:
    """The program that tests of a mark need."""
    return {"browser": chromium(), "postgres": postgres()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs a program that is not here."""
    for mark, program in _needed().items():
        absent = pytest.mark.skip(reason=f"{program.name} is not installed")
        for item in items if program.path is None else ():
            if item.get_closest_marker(mark):
                item.add_marker(absent)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which tests did not run, and how to get them."""
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
    """No test sees a real token: slack_bolt reads several variables without being asked."""
    for name in os.environ:
        if name.startswith(("SLACK_", "BUILDKITE_", "KITESTRING_")) or name == "DATABASE_URL":
            monkeypatch.delenv(name)
