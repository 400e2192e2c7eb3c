"""Compares failed steps with earlier builds: new failures, steps that still fail, and flaky steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.buildkite.models import JOB_FAILED
from bot.history.model import Attempt

StepKey = tuple[str, str]


class FailureKind(StrEnum):
    """The kind of a step's failure, compared with known builds.

    NEW: it passed in the previous build, or wasn't in it. STILL_FAILING: it failed there too. PASSED_ON_RETRY:
    flaky, it passed when retried in this build. FLAKY: it passed in another build of the same commit.
    """

    NEW = "new"
    STILL_FAILING = "already"
    PASSED_ON_RETRY = "retried"
    FLAKY = "unsteady"


@dataclass(frozen=True)
class FailedStep:
    """A step that failed: the kind of failure, its name, and the ids of its failed jobs, sorted."""

    kind: FailureKind
    name: str
    jobs: tuple[str, ...]


def classify_failures(
    attempts: Sequence[Attempt], before: Sequence[Attempt], same_commit: Sequence[Attempt]
) -> tuple[FailedStep, ...]:
    """Return every step of `attempts` (all of one build) that failed hard, each once, new failures first.

    `before`: the attempts of the build of that pipeline and branch that passed or failed last before it;
    `same_commit`: those of any builds of the same commit. Attempts may be in any order.
    """
    builds = {attempt.build_id for attempt in attempts}
    other_builds = [attempt for attempt in same_commit if attempt.build_id not in builds]
    shared = _find_shared_keys([*attempts, *before, *other_builds])
    failed_before = {step for step, tries in _group_by_step(before, shared).items() if _is_still_failed(tries)}
    passed_elsewhere = _find_passed_steps(other_builds, shared)
    failed = [
        FailedStep(
            _classify(step, tries, failed_before, passed_elsewhere),
            max(attempt.name or attempt.step for attempt in tries),
            _find_failed_jobs(tries),
        )
        for step, tries in _group_by_step(attempts, shared).items()
        if _find_failed_jobs(tries)
    ]
    order = list(FailureKind)
    return tuple(sorted(failed, key=lambda step: (order.index(step.kind), step.name, step.jobs)))


def failed_hard(attempt: Attempt) -> bool:
    """Return whether it failed, timed out or expired, and wasn't a soft failure."""
    return attempt.state in JOB_FAILED and not attempt.soft_failed


def _classify(
    step: StepKey, tries: Sequence[Attempt], failed_before: set[StepKey], passed_elsewhere: set[StepKey]
) -> FailureKind:
    if not _is_still_failed(tries):
        return FailureKind.PASSED_ON_RETRY
    if step in passed_elsewhere:
        return FailureKind.FLAKY
    return FailureKind.STILL_FAILING if step in failed_before else FailureKind.NEW


def _find_shared_keys(attempts: Iterable[Attempt]) -> frozenset[str]:
    """Return keys that several jobs of a build have under different names, as the jobs of a matrix do."""
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for attempt in attempts:
        names[attempt.build_id, attempt.step].add(attempt.name)
    return frozenset(step for (_build, step), step_names in names.items() if len(step_names) > 1)


def _group_by_step(attempts: Iterable[Attempt], shared: frozenset[str]) -> dict[StepKey, list[Attempt]]:
    """Group attempts by step. Names may change between builds, so they count only for jobs that share a key."""
    by_step: defaultdict[StepKey, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_step[attempt.step, attempt.name if attempt.step in shared else ""].append(attempt)
    return by_step


def _find_failed_jobs(tries: Iterable[Attempt]) -> tuple[str, ...]:
    return tuple(sorted(attempt.id for attempt in tries if failed_hard(attempt)))


def _is_still_failed(tries: Sequence[Attempt]) -> bool:
    """Return whether a failure was never retried, or no attempt passed."""
    retried = {attempt.retry_of for attempt in tries}
    failures = [attempt for attempt in tries if failed_hard(attempt)]
    has_passed = any(attempt.state == "passed" for attempt in tries)
    return any(failure.id not in retried for failure in failures) or (bool(failures) and not has_passed)


def _find_passed_steps(attempts: Sequence[Attempt], shared: frozenset[str]) -> set[StepKey]:
    """Return the steps that passed in any of these builds."""
    builds: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        builds[attempt.build_id].append(attempt)
    return {
        step
        for build_attempts in builds.values()
        for step, tries in _group_by_step(build_attempts, shared).items()
        if any(attempt.state == "passed" for attempt in tries) and not _is_still_failed(tries)
    }
