"""Compares failed steps with earlier builds: new failures, steps that still fail, and flaky steps."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bot.history.flakes import TRIED, StepKey, count_flakes, failed_hard, find_shared_keys, group_by_step
from bot.history.model import Attempt


class FailureKind(StrEnum):
    """The kind of a step's failure, compared with known builds.

    NEW: it passed when it last ran on the branch, or never ran. STILL_FAILING: it failed then too.
    PASSED_ON_RETRY: flaky, it passed when retried in this build. FLAKY: it passed in another build of the same
    commit, or would be new if it weren't known to be flaky.
    """

    NEW = "new"
    STILL_FAILING = "already"
    PASSED_ON_RETRY = "retried"
    FLAKY = "unsteady"


@dataclass(frozen=True)
class FailedStep:
    """A step that failed: the kind of failure, its name, and the ids of its failed jobs, sorted.

    `since`: for a new failure, the build in which it last passed; for one that still fails, the first in which it
    failed; empty if none is known. Of its last `tried` attempts, `flakes` failed without a reason.
    """

    kind: FailureKind
    name: str
    jobs: tuple[str, ...]
    since: str = ""
    flakes: int = 0
    tried: int = 0


@dataclass(frozen=True)
class PastBuild:
    """An earlier build of the same branch: its reference, and its attempts at the steps to compare."""

    ref: str
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Evidence:
    """Records to compare a failure with.

    `earlier`: builds of the pipeline and branch that passed or failed before it, newest first. `same_commit`:
    attempts of any builds of the same commit. `recent`: attempts on any branch in the days before the failure.
    """

    earlier: Sequence[PastBuild] = ()
    same_commit: Sequence[Attempt] = ()
    recent: Sequence[Attempt] = ()


@dataclass(frozen=True)
class _Comparison:
    """The evidence by step."""

    earlier: Sequence[tuple[str, dict[StepKey, list[Attempt]]]] = ()
    passed_elsewhere: frozenset[StepKey] = frozenset()
    recent: dict[StepKey, list[Attempt]] = field(default_factory=dict)


def classify_failures(attempts: Sequence[Attempt], evidence: Evidence) -> tuple[FailedStep, ...]:
    """Return every step of `attempts` (all of one build) that failed hard, each once, new failures first.

    The attempts may be in any order.
    """
    builds = {attempt.build_id for attempt in attempts}
    other_builds = [attempt for attempt in evidence.same_commit if attempt.build_id not in builds]
    past = [attempt for build in evidence.earlier for attempt in build.attempts]
    shared = find_shared_keys([*attempts, *past, *other_builds, *evidence.recent])
    comparison = _Comparison(
        [(build.ref, group_by_step(build.attempts, shared)) for build in evidence.earlier],
        _find_passed_steps(other_builds, shared),
        group_by_step(evidence.recent, shared),
    )
    failed = [
        _classify(step, tries, comparison)
        for step, tries in group_by_step(attempts, shared).items()
        if _find_failed_jobs(tries)
    ]
    order = list(FailureKind)
    return tuple(sorted(failed, key=lambda step: (order.index(step.kind), step.name, step.jobs)))


def _classify(step: StepKey, tries: Sequence[Attempt], comparison: _Comparison) -> FailedStep:
    recent = comparison.recent.get(step, [])
    flakes, tried = count_flakes(recent), sum(attempt.state in TRIED for attempt in recent)
    kind, since = _compare_with_earlier(step, comparison)
    if not _is_still_failed(tries):
        kind, since = FailureKind.PASSED_ON_RETRY, ""
    elif step in comparison.passed_elsewhere or (kind is FailureKind.NEW and flakes):
        kind, since = FailureKind.FLAKY, ""
    name = max(attempt.name or attempt.step for attempt in tries)
    return FailedStep(kind, name, _find_failed_jobs(tries), since, flakes, tried)


def _compare_with_earlier(step: StepKey, comparison: _Comparison) -> tuple[FailureKind, str]:
    """Return whether the failure is new, and the build in which the step last passed or first failed."""
    since = ""
    for ref, by_step in comparison.earlier:
        tries = by_step.get(step, [])
        if _is_still_failed(tries):
            since = ref
        elif any(attempt.state == "passed" for attempt in tries):
            return (FailureKind.STILL_FAILING, since) if since else (FailureKind.NEW, ref)
    return (FailureKind.STILL_FAILING, since) if since else (FailureKind.NEW, "")


def _find_failed_jobs(tries: Sequence[Attempt]) -> tuple[str, ...]:
    return tuple(sorted(attempt.id for attempt in tries if failed_hard(attempt)))


def _is_still_failed(tries: Sequence[Attempt]) -> bool:
    """Return whether a failure was never retried, or no attempt passed."""
    retried = {attempt.retry_of for attempt in tries}
    failures = [attempt for attempt in tries if failed_hard(attempt)]
    has_passed = any(attempt.state == "passed" for attempt in tries)
    return any(failure.id not in retried for failure in failures) or (bool(failures) and not has_passed)


def _find_passed_steps(attempts: Sequence[Attempt], shared: frozenset[str]) -> frozenset[StepKey]:
    """Return the steps that passed in any of these builds."""
    builds: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        builds[attempt.build_id].append(attempt)
    return frozenset(
        step
        for build_attempts in builds.values()
        for step, tries in group_by_step(build_attempts, shared).items()
        if any(attempt.state == "passed" for attempt in tries) and not _is_still_failed(tries)
    )
