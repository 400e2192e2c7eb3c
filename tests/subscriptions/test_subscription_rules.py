"""Matching of builds with subscriptions, by each rule and by the index."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.history.model import Attempt, Run
from bot.notifications.subscriptions.globs import GlobMap
from bot.notifications.subscriptions.index import SubscriptionIndex
from bot.notifications.subscriptions.model import (
    ObservedBuild,
    Subscription,
    assign_id,
    derive_states,
    derive_step_states,
    matches_build,
    observe_build,
)
from bot.notifications.subscriptions.preview import build_preview, render_question
from bot.notifications.subscriptions.quiet_hours import parse_quiet_hours

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
NAMES = st.text("ab-/", max_size=5)
PATTERNS = st.text("ab-/*?[]", min_size=1, max_size=5)


def rule(**more: object) -> Subscription:
    """A subscription to `web`, unless said otherwise."""
    given = {"id": "s", "team": "T", "channel": "C", "pipeline": "web", "created_by": "U", "created_at": NOON}
    return Subscription(**{**given, **more})


def run(number: int, phase: str, **more: object) -> Run:
    """A build of `web` on main, an hour after the one before."""
    at = NOON + timedelta(hours=number)
    given = {
        "id": f"b{number}",
        "pipeline": "web",
        "number": number,
        "branch": "main",
        "commit": "c0ffee",
        "phase": phase,
        "source": "webhook",
        "creator": "ann@acme.example",
        "author": "",
        "message": "",
        "web_url": f"https://buildkite.com/acme/web/builds/{number}",
        "created_at": at,
        "scheduled_at": at,
        "started_at": at,
        "finished_at": at,
        "heard_at": at,
    }
    return Run(**{**given, **more})


def attempt(build: int, step: str, state: str, **more: object) -> Attempt:
    """A finished attempt at a step."""
    at = NOON + timedelta(hours=build)
    given = {"id": f"{build}{step}", "build_id": f"b{build}", "pipeline": "web", "branch": "main", "commit": "c"}
    times = {"runnable_at": at, "started_at": at, "finished_at": at, "heard_at": at}
    rest = {"name": step.title(), "soft_failed": False, "exit_status": 0, "retry_of": None, "queue": "default"}
    return Attempt(**{**given, "step": step, "state": state, **times, **rest, **more})


@pytest.mark.parametrize(
    ("phase", "before", "states"),
    [
        ("passed", "failed", {"passed", "fixed"}),
        ("passed", "passed", {"passed"}),
        ("passed", None, {"passed"}),
        ("failed", "passed", {"failed", "broken"}),
        ("failed", "failed", {"failed"}),
        ("failed", None, {"failed"}),
        ("blocked", "failed", {"blocked"}),
        ("running", "failed", {"running"}),
        ("failing", "passed", {"running", "failing"}),
        ("creating", None, {"scheduled"}),
        ("canceling", None, {"canceled"}),
        ("not_run", None, {"not_run"}),
    ],
)
def test_fixed_and_broken_are_changes_from_the_build_before(
    phase: str, before: str | None, states: set[str]
) -> None:
    """A build is fixed when it passes after one that failed, and broken when it fails after one that passed."""
    assert derive_states(phase, before) == states


@pytest.mark.parametrize(
    "more",
    [
        {"pipeline": "we?"},
        {"branch": "m*"},
        {"creators": ("ann@acme.example", "bob@acme.example")},
        {"sources": ("webhook",)},
        {"states": ("broken", "blocked")},
    ],
)
def test_every_condition_has_to_be_met(more: dict[str, object]) -> None:
    """A rule wants a build that fits each thing it says, and no other."""
    fits = observe_build(run(2, "failed"), "passed")
    others = [
        observe_build(
            run(2, "failed", pipeline="api", branch="fix", creator="eve@acme.example", source="ui"), "passed"
        ),
        observe_build(run(2, "passed", pipeline="api", branch="fix", creator="", source="ui"), "passed"),
    ]
    assert matches_build(rule(**more), fits)
    assert not any(matches_build(rule(**more), other) for other in others)


def test_an_author_counts_like_a_creator() -> None:
    """`--creator` also matches a build's author."""
    written = observe_build(run(1, "failed", creator="bot@acme.example", author="ann@acme.example"), None)
    assert matches_build(rule(creators=("ann@acme.example",)), written)


def test_a_step_has_a_verdict_of_its_own() -> None:
    """With a step, failed, broken, passed and fixed are those of the step; a retry that passes counts."""
    before = [attempt(1, "lint", "failed"), attempt(1, "test", "passed")]
    now = [attempt(2, "lint", "passed"), attempt(2, "test", "failed"), attempt(2, "test", "passed", id="again")]
    steps = derive_step_states(now, before)
    build = observe_build(run(2, "failed"), "passed", steps)
    assert steps["lint"] == steps["Lint"] == {"passed", "fixed"}
    assert matches_build(rule(step="lint", states=("fixed",)), build)
    assert not matches_build(rule(step="test", states=("failed",)), build)
    assert not matches_build(rule(step="deploy", states=("failed",)), build)
    assert matches_build(rule(step="deploy", states=("failed",)), build, assume_step=True)


def test_a_soft_failure_is_no_failure_of_its_step() -> None:
    """A step that may fail has passed, as far as a subscription goes."""
    assert derive_step_states([attempt(1, "lint", "failed", soft_failed=True)], [])["lint"] == {"passed"}


@given(PATTERNS, NAMES)
def test_patterns_are_found_as_if_each_were_tried(glob: str, name: str) -> None:
    """The pattern index finds exactly the patterns that match by the shell's rules."""
    globs: GlobMap[list[str]] = GlobMap(list)
    globs.get_or_make(glob).append(glob)
    found = [value for values in globs.find_matches(name) for value in values]
    assert found == ([glob] if fnmatchcase(name, glob) else [])


RULES = st.builds(
    lambda index, pipeline, branch, states, creators, sources: rule(
        id=f"{index}", pipeline=pipeline, branch=branch, states=states, creators=creators, sources=sources
    ),
    st.integers(0, 10**6),
    st.one_of(NAMES.filter(bool), PATTERNS),
    st.one_of(st.none(), NAMES.filter(bool), PATTERNS),
    st.lists(st.sampled_from(["passed", "failed", "fixed"]), min_size=1, max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(["ann", "bob"]), max_size=2, unique=True).map(tuple),
    st.lists(st.sampled_from(["ui", "api"]), max_size=1).map(tuple),
)
BUILDS = st.builds(
    ObservedBuild,
    NAMES,
    NAMES,
    st.frozensets(st.sampled_from(["passed", "failed", "fixed"]), max_size=2),
    st.frozensets(st.sampled_from(["ann", "bob", "eve"]), max_size=2),
    st.sampled_from(["ui", "api", "schedule"]),
)


@given(st.lists(RULES, max_size=30, unique_by=lambda item: item.id), BUILDS)
def test_the_index_finds_the_same_as_each_rule(rules: list[Subscription], build: ObservedBuild) -> None:
    """The index finds exactly the subscriptions that match a build."""
    naive = sorted(item.id for item in rules if matches_build(item, build))
    assert [item.id for item in SubscriptionIndex(rules).find_matching(build)] == naive


def test_quiet_hours_are_by_the_clocks_of_their_zone() -> None:
    """`18:00-08:00` in London ends at eight there, and is not on in the afternoon."""
    item = rule(quiet="18:00-08:00", zone="Europe/London")
    assert item.find_quiet_end(datetime(2026, 11, 2, 22, tzinfo=UTC)) == datetime(2026, 11, 3, 8, tzinfo=UTC)
    assert item.find_quiet_end(datetime(2026, 11, 2, 15, tzinfo=UTC)) is None
    assert item.find_quiet_end(datetime(2026, 7, 2, 7, 30, tzinfo=UTC)) is None
    assert item.find_quiet_end(datetime(2026, 7, 2, 6, 30, tzinfo=UTC)) == datetime(2026, 7, 2, 7, tzinfo=UTC)


@pytest.mark.parametrize("text", ["18-08", "25:00-08:00", "18:00", "08:00-08:00", "evening"])
def test_quiet_hours_that_make_no_sense_are_refused(text: str) -> None:
    """Anything but two times is rejected."""
    with pytest.raises(ValueError, match=r"two times such as 18:00-08:00|differ"):
        parse_quiet_hours(text)


def test_the_same_rule_has_the_same_id() -> None:
    """Saving a rule twice makes one of it; how loud it is does not make it another."""
    item = assign_id(rule(states=("failed", "fixed")))
    assert assign_id(rule(states=("fixed", "failed"), updates="all", created_by="U2")).id == item.id
    assert assign_id(rule(branch="main")).id != item.id


def test_a_preview_replays_stored_builds() -> None:
    """It counts the builds that the rule would have posted, each compared with the one before on its branch."""
    runs = [run(1, "passed"), run(2, "failed"), run(3, "failed"), run(4, "canceled"), run(5, "passed")]
    found = build_preview(rule(states=("broken", "fixed")), runs, {}, NOON)
    assert (found.count, found.total) == (2, 5)
    assert [line.split("|")[1].split(">")[0] for line in found.examples] == ["web#5", "web#2"]


def test_earlier_builds_are_compared_but_not_counted() -> None:
    """The first build of the time that is looked at is compared with the last one before it."""
    found = build_preview(
        rule(states=("fixed",)), [run(1, "failed"), run(2, "passed")], {}, NOON + timedelta(hours=1.5)
    )
    assert (found.count, found.total) == (1, 1)


def test_an_empty_preview_says_so() -> None:
    """A preview without known builds says so."""
    answer = render_question(rule(), build_preview(rule(), [], {}, NOON))
    assert answer == (
        "Subscribe this channel to `web`: failed, fixed and blocked?\n"
        "I don't know of any such build in the last 7 days."
    )
