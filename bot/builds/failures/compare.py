"""Which failed steps of a build are newly broken, which were broken already, and which are flaky."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.buildkite.models import JOB_FAILED
from bot.history.model import Attempt

Step = tuple[str, str]


class Break(StrEnum):
    """What a step's failure is, against the builds that are known.

    `new`: it passed in the build before, or was not there; `already`: it failed there as well; `retried`: flaky,
    it passed when it was tried again in this build; `unsteady`: flaky, it passed in another build of this commit.
    """

    NEW = "new"
    ALREADY = "already"
    RETRIED = "retried"
    UNSTEADY = "unsteady"


@dataclass(frozen=True)
class BrokenStep:
    """A step that failed: what kind of failure, its name, and the attempts that failed (ids of jobs, sorted)."""

    kind: Break
    name: str
    jobs: tuple[str, ...]


def broken(
    here: Sequence[Attempt], before: Sequence[Attempt], same_commit: Sequence[Attempt]
) -> tuple[BrokenStep, ...]:
    """Every step of `here` (the attempts of one build) that failed hard, each once, newly broken ones first.

    `before`: the attempts of the build of that pipeline and branch that passed or failed last before it;
    `same_commit`: those at the same commit, of whatever builds. The order of attempts means nothing.
    """
    builds = {item.build_id for item in here}
    elsewhere = [item for item in same_commit if item.build_id not in builds]
    shared = _shared([*here, *before, *elsewhere])
    then = {step for step, tries in _by_step(before, shared).items() if _stays_failed(tries)}
    steady = _passed(elsewhere, shared)
    found = [
        BrokenStep(
            _kind(step, tries, then, steady), max(item.name or item.step for item in tries), _failures(tries)
        )
        for step, tries in _by_step(here, shared).items()
        if _failures(tries)
    ]
    order = list(Break)
    return tuple(sorted(found, key=lambda item: (order.index(item.kind), item.name, item.jobs)))


def failed_hard(attempt: Attempt) -> bool:
    """Failed, timed out or expired, and that counts."""
    return attempt.state in JOB_FAILED and not attempt.soft_failed


def _kind(step: Step, tries: Sequence[Attempt], then: set[Step], steady: set[Step]) -> Break:
    if not _stays_failed(tries):
        return Break.RETRIED
    if step in steady:
        return Break.UNSTEADY
    return Break.ALREADY if step in then else Break.NEW


def _shared(attempts: Iterable[Attempt]) -> frozenset[str]:
    """Keys that several jobs of one build have under different names, as those of a matrix do."""
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for attempt in attempts:
        names[attempt.build_id, attempt.step].add(attempt.name)
    return frozenset(step for (_build, step), found in names.items() if len(found) > 1)


def _by_step(attempts: Iterable[Attempt], shared: frozenset[str]) -> dict[Step, list[Attempt]]:
    """A name may change from build to build: it only counts where it tells jobs with one key apart."""
    found: defaultdict[Step, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        found[attempt.step, attempt.name if attempt.step in shared else ""].append(attempt)
    return found


def _failures(tries: Iterable[Attempt]) -> tuple[str, ...]:
    return tuple(sorted(item.id for item in tries if failed_hard(item)))


def _stays_failed(tries: Sequence[Attempt]) -> bool:
    """A failure that no later attempt has taken the place of, or that none has mended."""
    replaced = {item.retry_of for item in tries}
    failures = [item for item in tries if failed_hard(item)]
    mended = any(item.state == "passed" for item in tries)
    return any(failure.id not in replaced for failure in failures) or (bool(failures) and not mended)


def _passed(attempts: Sequence[Attempt], shared: frozenset[str]) -> set[Step]:
    """The steps that passed in some of these builds."""
    builds: defaultdict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        builds[attempt.build_id].append(attempt)
    return {
        step
        for of_build in builds.values()
        for step, tries in _by_step(of_build, shared).items()
        if any(item.state == "passed" for item in tries) and not _stays_failed(tries)
    }
