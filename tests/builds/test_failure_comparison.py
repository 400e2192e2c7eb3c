"""Comparison of failed steps with earlier builds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.failures.compare import Evidence, FailedStep, FailureKind, PastBuild, classify_failures
from bot.history.flakes import failed_hard
from bot.history.model import Attempt
from commands.health.statistics import compute_health

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


def attempt(
    id_: str,
    state: str,
    step: str = "test",
    *,
    build: str = "here",
    name: str = "Test",
    retry_of: str | None = None,
    soft: bool = False,
) -> Attempt:
    """Return one finished attempt of a step."""
    return Attempt(
        id=id_,
        build_id=build,
        pipeline="web",
        branch="main",
        commit="c0ffee",
        step=step,
        name=name,
        state=state,
        soft_failed=soft,
        exit_status=0 if state == "passed" else 1,
        retry_of=retry_of,
        queue="default",
        runnable_at=NOW,
        started_at=NOW,
        finished_at=NOW,
        heard_at=NOW,
    )


FAILED = attempt("a", "failed")


def classify(
    attempts: Sequence[Attempt], before: Sequence[Attempt], same_commit: Sequence[Attempt] = ()
) -> tuple[FailedStep, ...]:
    """Compare with one earlier build, web#1, and with other builds of the commit."""
    earlier = [PastBuild("web#1", tuple(before))] if before else []
    return classify_failures(attempts, Evidence(earlier, same_commit))


def kinds(*found: FailedStep) -> list[FailureKind]:
    return [item.kind for item in found]


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        ((), FailureKind.NEW),
        ((attempt("z", "passed", build="before"),), FailureKind.NEW),
        ((attempt("z", "failed", build="before"),), FailureKind.STILL_FAILING),
        ((attempt("z", "timed_out", build="before"),), FailureKind.STILL_FAILING),
        ((attempt("z", "failed", build="before", soft=True),), FailureKind.NEW),
        ((attempt("z", "canceled", build="before"),), FailureKind.NEW),
        ((attempt("z", "failed", "lint", build="before"),), FailureKind.NEW),
        (
            (attempt("y", "failed", build="before"), attempt("z", "passed", build="before", retry_of="y")),
            FailureKind.NEW,
        ),
        (
            (attempt("y", "failed", build="before"), attempt("z", "failed", build="before", retry_of="y")),
            FailureKind.STILL_FAILING,
        ),
    ],
)
def test_new_and_still_failing_steps(then: tuple[Attempt, ...], kind: FailureKind) -> None:
    """A step still fails if the previous build ended with it failed; soft and fixed failures don't count."""
    assert kinds(*classify([FAILED], then, [])) == [kind]


def past(number: int, state: str | None, step: str = "test") -> PastBuild:
    """Return a build in which the step ended so; None: it didn't run."""
    made = attempt(f"p{number}", state or "passed", step if state else "other", build=f"build {number}")
    return PastBuild(f"web#{number}", (made,))


@pytest.mark.parametrize(
    ("states", "kind", "since"),
    [
        (("passed", "passed"), FailureKind.NEW, "web#9"),
        ((None, "passed"), FailureKind.NEW, "web#8"),
        ((None, None), FailureKind.NEW, ""),
        (("canceled", "passed", "failed"), FailureKind.NEW, "web#8"),
        (("failed", "failed", "passed", "failed"), FailureKind.STILL_FAILING, "web#8"),
        (("failed", None, "failed", "passed"), FailureKind.STILL_FAILING, "web#7"),
        ((None, "failed"), FailureKind.STILL_FAILING, "web#8"),
        (("failed",), FailureKind.STILL_FAILING, "web#9"),
    ],
)
def test_since_when(states: tuple[str | None, ...], kind: FailureKind, since: str) -> None:
    """A new failure names the build in which the step passed, an old one the first in which it failed."""
    earlier = [past(9 - at, state) for at, state in enumerate(states)]
    assert classify_failures([FAILED], Evidence(earlier)) == (FailedStep(kind, "Test", ("a",), since),)


def test_a_flaky_step_is_not_new() -> None:
    """A step that failed without a reason this week is flaky, with the number of its failures and attempts."""
    elsewhere = [
        replace(attempt(f"r{at}", state, build=f"x{at}"), commit="cafe")
        for at, state in enumerate(("failed", "passed"))
    ]
    found = classify_failures([FAILED], Evidence([past(9, "passed")], recent=[FAILED, *elsewhere]))
    assert found == (FailedStep(FailureKind.FLAKY, "Test", ("a",), "", 1, 3),)
    found = classify_failures([FAILED], Evidence([past(9, "failed")], recent=[FAILED, *elsewhere]))
    assert found == (FailedStep(FailureKind.STILL_FAILING, "Test", ("a",), "web#9", 1, 3),)


def test_flaky_by_retry() -> None:
    """A step that passed when retried is flaky, even if it failed in the previous build."""
    attempts = [FAILED, attempt("b", "passed", retry_of="a")]
    before = [attempt("z", "failed", build="before")]
    assert classify(attempts, before, []) == (FailedStep(FailureKind.PASSED_ON_RETRY, "Test", ("a",)),)


def test_a_canceled_retry_fixes_nothing() -> None:
    """A step stays failed until an attempt passes."""
    attempts = [FAILED, attempt("b", "canceled", retry_of="a")]
    assert kinds(*classify(attempts, [], [])) == [FailureKind.NEW]


def test_flaky_on_the_same_commit() -> None:
    """A step that passed in another build of the same commit is flaky; a pass in this build isn't enough."""
    elsewhere = attempt("y", "passed", build="other")
    mended = [attempt("x", "failed", build="third"), attempt("y", "passed", build="third", retry_of="x")]
    assert kinds(*classify([FAILED], [], [FAILED, elsewhere])) == [FailureKind.FLAKY]
    assert kinds(*classify([FAILED], [], mended)) == [FailureKind.FLAKY]
    assert kinds(*classify([FAILED], [], [FAILED, attempt("y", "failed", build="other")])) == [FailureKind.NEW]


def test_jobs_of_a_matrix_are_not_confused() -> None:
    """Jobs with one key and several names are compared by name; a pass of one is no retry of another."""
    attempts = [attempt("a", "failed", name="Test 3.11"), attempt("b", "passed", name="Test 3.12")]
    before = [
        attempt("y", "passed", build="before", name="Test 3.11"),
        attempt("z", "failed", build="before", name="Test 3.12"),
    ]
    assert classify(attempts, before, []) == (FailedStep(FailureKind.NEW, "Test 3.11", ("a",), "web#1"),)


def test_a_step_that_was_renamed_is_the_same_step() -> None:
    """If only one job has the key, the key counts, not the label."""
    attempts, before = (
        [attempt("a", "failed", name="Deploy 102")],
        [attempt("z", "failed", build="before", name="Deploy 101")],
    )
    assert classify(attempts, before, []) == (
        FailedStep(FailureKind.STILL_FAILING, "Deploy 102", ("a",), "web#1"),
    )


STATES = ("passed", "failed", "timed_out", "expired", "canceled")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Attempt], list[Attempt], list[Attempt]]:
    """Draw the attempts of three builds, with retries in some."""

    def draw_attempts(build: str) -> list[Attempt]:
        made: list[Attempt] = []
        for number in range(draw(st.integers(0, 6))):
            step = draw(st.sampled_from(["lint", "test", "pack"]))
            earlier = [other.id for other in made if other.step == step]
            retry_of = draw(st.sampled_from([None, *earlier]))
            soft = draw(st.booleans())
            state = draw(st.sampled_from(STATES))
            name = draw(st.sampled_from([step, f"{step} two"]))
            made.append(
                attempt(f"{build}{number}", state, step, build=build, name=name, retry_of=retry_of, soft=soft)
            )
        return made

    return draw_attempts("here"), draw_attempts("before"), draw_attempts("other")


@given(histories())
def test_each_failed_attempt_is_listed_once(three: tuple[list[Attempt], list[Attempt], list[Attempt]]) -> None:
    """Every attempt that failed hard belongs to exactly one step, and no other attempt does."""
    attempts, before, other = three
    listed = [job for step in classify(attempts, before, other) for job in step.jobs]
    assert sorted(listed) == sorted(each.id for each in attempts if failed_hard(each))


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_attempts_does_not_matter(
    three: tuple[list[Attempt], list[Attempt], list[Attempt]], chance: object
) -> None:
    """Attempts in another order give the same result."""
    shuffled = [chance.sample(build, len(build)) for build in three]  # type: ignore[attr-defined]
    assert classify(*shuffled) == classify(*three)


@given(histories())
def test_a_step_still_fails_only_if_it_failed_before(
    three: tuple[list[Attempt], list[Attempt], list[Attempt]],
) -> None:
    """Without a previous build, no step still fails; without other builds of the commit, none is flaky."""
    attempts, _, _ = three
    assert {step.kind for step in classify(attempts, [], [])} <= {
        FailureKind.NEW,
        FailureKind.PASSED_ON_RETRY,
    }


@given(histories())
def test_cards_and_reports_agree(three: tuple[list[Attempt], list[Attempt], list[Attempt]]) -> None:
    """No failure is called new on a card while the week's report counts its step as flaky."""
    attempts, before, other = three
    recent = [
        replace(each, finished_at=NOW + timedelta(seconds=at))
        for at, each in enumerate([*attempts, *before, *other])
    ]
    report = compute_health([], recent, NOW, NOW + timedelta(days=7), compare=False)
    flaky = {step.name for step in report.flakiest}
    found = classify_failures(attempts, Evidence([PastBuild("web#1", tuple(before))], other, recent))
    assert not {step.name for step in found if step.kind is FailureKind.NEW} & flaky
    assert {step.name for step in found if step.kind is FailureKind.NEW and step.flakes} == set()
