"""Comparison of failed steps with earlier builds."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.failures.compare import FailedStep, FailureKind, classify_failures, failed_hard
from bot.history.model import Attempt

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
    assert kinds(*classify_failures([FAILED], then, [])) == [kind]


def test_flaky_by_retry() -> None:
    """A step that passed when retried is flaky, even if it failed in the previous build."""
    attempts = [FAILED, attempt("b", "passed", retry_of="a")]
    before = [attempt("z", "failed", build="before")]
    assert classify_failures(attempts, before, []) == (FailedStep(FailureKind.PASSED_ON_RETRY, "Test", ("a",)),)


def test_a_canceled_retry_fixes_nothing() -> None:
    """A step stays failed until an attempt passes."""
    attempts = [FAILED, attempt("b", "canceled", retry_of="a")]
    assert kinds(*classify_failures(attempts, [], [])) == [FailureKind.NEW]


def test_flaky_on_the_same_commit() -> None:
    """A step that passed in another build of the same commit is flaky; a pass in this build isn't enough."""
    elsewhere = attempt("y", "passed", build="other")
    mended = [attempt("x", "failed", build="third"), attempt("y", "passed", build="third", retry_of="x")]
    assert kinds(*classify_failures([FAILED], [], [FAILED, elsewhere])) == [FailureKind.FLAKY]
    assert kinds(*classify_failures([FAILED], [], mended)) == [FailureKind.FLAKY]
    assert kinds(*classify_failures([FAILED], [], [FAILED, attempt("y", "failed", build="other")])) == [
        FailureKind.NEW
    ]


def test_jobs_of_a_matrix_are_not_confused() -> None:
    """Jobs with one key and several names are compared by name; a pass of one is no retry of another."""
    attempts = [attempt("a", "failed", name="Test 3.11"), attempt("b", "passed", name="Test 3.12")]
    before = [
        attempt("y", "passed", build="before", name="Test 3.11"),
        attempt("z", "failed", build="before", name="Test 3.12"),
    ]
    assert classify_failures(attempts, before, []) == (FailedStep(FailureKind.NEW, "Test 3.11", ("a",)),)


def test_a_step_that_was_renamed_is_the_same_step() -> None:
    """If only one job has the key, the key counts, not the label."""
    attempts, before = (
        [attempt("a", "failed", name="Deploy 102")],
        [attempt("z", "failed", build="before", name="Deploy 101")],
    )
    assert classify_failures(attempts, before, []) == (
        FailedStep(FailureKind.STILL_FAILING, "Deploy 102", ("a",)),
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
    listed = [job for step in classify_failures(attempts, before, other) for job in step.jobs]
    assert sorted(listed) == sorted(each.id for each in attempts if failed_hard(each))


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_attempts_does_not_matter(
    three: tuple[list[Attempt], list[Attempt], list[Attempt]], chance: object
) -> None:
    """Attempts in another order give the same result."""
    shuffled = [chance.sample(build, len(build)) for build in three]  # type: ignore[attr-defined]
    assert classify_failures(*shuffled) == classify_failures(*three)


@given(histories())
def test_a_step_still_fails_only_if_it_failed_before(
    three: tuple[list[Attempt], list[Attempt], list[Attempt]],
) -> None:
    """Without a previous build, no step still fails; without other builds of the commit, none is flaky."""
    attempts, _, _ = three
    assert {step.kind for step in classify_failures(attempts, [], [])} <= {
        FailureKind.NEW,
        FailureKind.PASSED_ON_RETRY,
    }
