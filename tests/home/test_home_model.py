"""Tests of App Home: its sections, its buttons and its limits."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.history.model import Run
from bot.home.model import is_mine, select_failed, select_running

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
ME, TOKEN = "ann@acme.example", "ci@acme.example"
URL = "https://buildkite.com/acme/web/builds/1"
RUN = Run("b1", "web", 1, "fix", "abc", "failed", "webhook", "", ME, "Fix", URL, NOW, NOW, NOW, NOW, NOW)


@pytest.mark.parametrize(
    ("creator", "author", "source", "mine"),
    [
        ("", ME, "webhook", True),
        (ME, "", "ui", True),
        (ME, "bob@acme.example", "ui", True),
        (ME, "", "api", True),
        (ME, "bob@acme.example", "api", False),
        (TOKEN, "bob@acme.example", "webhook", False),
        ("", "", "schedule", False),
    ],
)
def test_a_build_is_its_authors_and_its_starters(creator: str, author: str, source: str, mine: bool) -> None:
    """A build that a token starts for another person belongs to that person."""
    assert is_mine(replace(RUN, creator=creator, author=author, source=source), {ME}, ()) is mine


def test_a_build_asked_for_here_is_mine_whoever_wrote_it() -> None:
    """The one who asked is known by name."""
    assert is_mine(replace(RUN, author=""), (), {"b1"})


def test_only_failures_that_stand_are_shown() -> None:
    """A branch that has passed since, or failed over a week ago, is left out; a canceled build says nothing."""
    later = [replace(RUN, id="b2", number=2, phase="canceled"), RUN]
    passed = [replace(RUN, id="c2", branch="done", number=2, phase="passed"), replace(RUN, id="c1", branch="done")]
    old = replace(RUN, id="d1", branch="old", finished_at=NOW - timedelta(days=8))
    assert [run.id for run in select_failed([*later, *passed, old], NOW)] == ["b1"]


def test_what_was_not_heard_of_for_a_day_is_not_said_to_run() -> None:
    """Its end may have been missed."""
    silent = replace(RUN, phase="running", heard_at=NOW - timedelta(hours=25))
    assert select_running([silent, replace(RUN, id="b2", phase="running")], NOW) == (
        replace(RUN, id="b2", phase="running"),
    )
