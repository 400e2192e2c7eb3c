"""Groups attempts by step, and counts flakes: the one definition for cards and reports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from bot.buildkite.models import JOB_FAILED
from bot.history.model import Attempt

# A step within a pipeline: its key, and its name if several jobs of a build share the key.
StepKey = tuple[str, str]
# An attempt that expired never ran, so it says nothing about the step.
_FLAKED = frozenset({"failed", "timed_out"})
TRIED = _FLAKED | {"passed"}


def failed_hard(attempt: Attempt) -> bool:
    """Return whether it failed, timed out or expired, and wasn't a soft failure."""
    return attempt.state in JOB_FAILED and not attempt.soft_failed


def find_shared_keys(attempts: Iterable[Attempt]) -> frozenset[str]:
    """Return keys that several jobs of a build have under different names, as the jobs of a matrix do."""
    names: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for attempt in attempts:
        names[attempt.build_id, attempt.step].add(attempt.name)
    return frozenset(step for (_build, step), step_names in names.items() if len(step_names) > 1)


def group_by_step(attempts: Iterable[Attempt], shared: frozenset[str]) -> dict[StepKey, list[Attempt]]:
    """Group attempts by step. Names may change between builds, so they count only for jobs that share a key."""
    by_step: defaultdict[StepKey, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_step[attempt.step, attempt.name if attempt.step in shared else ""].append(attempt)
    return by_step


def count_flakes(tries: Sequence[Attempt]) -> int:
    """Count the attempts at a step that failed although nothing had changed.

    The step passed later in the same build, or it passed in another build of the same commit, before or after.
    """
    passed_in_build: dict[str, float] = {}
    passed_builds: defaultdict[str, set[str]] = defaultdict(set)
    for attempt in tries:
        if attempt.state == "passed":
            build = attempt.build_id
            passed_in_build[build] = max(passed_in_build.get(build, 0.0), _end_timestamp(attempt))
            passed_builds[attempt.commit].add(build)
    failed = [attempt for attempt in tries if attempt.state in _FLAKED and not attempt.soft_failed]
    return sum(_is_flake(attempt, passed_in_build, passed_builds) for attempt in failed)


def _is_flake(
    attempt: Attempt, passed_in_build: Mapping[str, float], passed_builds: Mapping[str, set[str]]
) -> bool:
    if passed_in_build.get(attempt.build_id, 0.0) > _end_timestamp(attempt):
        return True
    # Two builds of HEAD may have built different commits.
    has_commit = attempt.commit not in ("", "HEAD")
    return has_commit and bool(passed_builds.get(attempt.commit, set()) - {attempt.build_id})


def _end_timestamp(attempt: Attempt) -> float:
    return attempt.finished_at.timestamp() if attempt.finished_at else 0.0
