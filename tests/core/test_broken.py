"""What is new about a failed step, against the builds that are known."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.builds.failures.compare import Break, BrokenStep, broken, failed_hard
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
    """One finished attempt at a step."""
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


def kinds(*found: BrokenStep) -> list[Break]:
    return [item.kind for item in found]


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        ((), Break.NEW),
        ((attempt("z", "passed", build="before"),), Break.NEW),
        ((attempt("z", "failed", build="before"),), Break.ALREADY),
        ((attempt("z", "timed_out", build="before"),), Break.ALREADY),
        ((attempt("z", "failed", build="before", soft=True),), Break.NEW),
        ((attempt("z", "canceled", build="before"),), Break.NEW),
        ((attempt("z", "failed", "lint", build="before"),), Break.NEW),
        (
            (attempt("y", "failed", build="before"), attempt("z", "passed", build="before", retry_of="y")),
            Break.NEW,
        ),
        (
            (attempt("y", "failed", build="before"), attempt("z", "failed", build="before", retry_of="y")),
            Break.ALREADY,
        ),
    ],
)
def test_new_or_broken_already(then: tuple[Attempt, ...], kind: Break) -> None:
    """A step is broken already if it ended the build before as failed; soft and mended failures do not count."""
    assert kinds(*broken([FAILED], then, [])) == [kind]


def test_flaky_by_retry() -> None:
    """A step that passed when it was tried again is flaky, though it failed in the build before as well."""
    here = [FAILED, attempt("b", "passed", retry_of="a")]
    before = [attempt("z", "failed", build="before")]
    assert broken(here, before, []) == (BrokenStep(Break.RETRIED, "Test", ("a",)),)


def test_a_retry_that_was_canceled_mends_nothing() -> None:
    """A failure stands while no attempt at the step has passed."""
    here = [FAILED, attempt("b", "canceled", retry_of="a")]
    assert kinds(*broken(here, [], [])) == [Break.NEW]


def test_flaky_on_the_same_commit() -> None:
    """A step that passed in another build of this very commit is flaky; a pass in this build is none of that."""
    elsewhere = attempt("y", "passed", build="other")
    mended = [attempt("x", "failed", build="third"), attempt("y", "passed", build="third", retry_of="x")]
    assert kinds(*broken([FAILED], [], [FAILED, elsewhere])) == [Break.UNSTEADY]
    assert kinds(*broken([FAILED], [], mended)) == [Break.UNSTEADY]
    assert kinds(*broken([FAILED], [], [FAILED, attempt("y", "failed", build="other")])) == [Break.NEW]


def test_jobs_of_a_matrix_are_not_taken_for_each_other() -> None:
    """Jobs with one key and several names are told apart by name; one that passes is no retry of another."""
    here = [attempt("a", "failed", name="Test 3.11"), attempt("b", "passed", name="Test 3.12")]
    before = [
        attempt("y", "passed", build="before", name="Test 3.11"),
        attempt("z", "failed", build="before", name="Test 3.12"),
    ]
    assert broken(here, before, []) == (BrokenStep(Break.NEW, "Test 3.11", ("a",)),)


def test_a_step_that_was_renamed_is_the_same_step() -> None:
    """The key counts, not the label, where there is one job to a key."""
    here, before = (
        [attempt("a", "failed", name="Deploy 102")],
        [attempt("z", "failed", build="before", name="Deploy 101")],
    )
    assert broken(here, before, []) == (BrokenStep(Break.ALREADY, "Deploy 102", ("a",)),)


STATES = ("passed", "failed", "timed_out", "expired", "canceled")


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Attempt], list[Attempt], list[Attempt]]:
    """The attempts of three builds, with retries in some."""

    def of(build: str) -> list[Attempt]:
        made: list[Attempt] = []
        for number in range(draw(st.integers(0, 6))):
            step = draw(st.sampled_from(["lint", "test", "pack"]))
            earlier = [item.id for item in made if item.step == step]
            again = draw(st.sampled_from([None, *earlier]))
            soft = draw(st.booleans())
            state = draw(st.sampled_from(STATES))
            name = draw(st.sampled_from([step, f"{step} two"]))
            made.append(
                attempt(f"{build}{number}", state, step, build=build, name=name, retry_of=again, soft=soft)
            )
        return made

    return of("here"), of("before"), of("other")


@given(histories())
def test_each_failed_attempt_is_told_once(three: tuple[list[Attempt], list[Attempt], list[Attempt]]) -> None:
    """Every attempt that failed hard belongs to exactly one step of one kind, and no other attempt does."""
    here, before, other = three
    told = [job for step in broken(here, before, other) for job in step.jobs]
    assert sorted(told) == sorted(item.id for item in here if failed_hard(item))


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_attempts_means_nothing(
    three: tuple[list[Attempt], list[Attempt], list[Attempt]], chance: object
) -> None:
    """What was heard in another order is told in the same way."""
    shuffled = [chance.sample(item, len(item)) for item in three]  # type: ignore[attr-defined]
    assert broken(*shuffled) == broken(*three)


@given(histories())
def test_a_step_is_only_broken_already_if_it_failed_before(
    three: tuple[list[Attempt], list[Attempt], list[Attempt]],
) -> None:
    """Without a build before nothing is broken already; without other builds of the commit nothing is unsteady."""
    here, _, _ = three
    assert {item.kind for item in broken(here, [], [])} <= {Break.NEW, Break.RETRIED}
