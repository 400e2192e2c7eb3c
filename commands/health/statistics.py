"""Statistics of builds and steps over a period.

The exact definitions:

- A period is [since, until). A build belongs to the period in which it ended (`finished_at`). If it ended several
  times, after a retry or an unblock, its last end counts.
- `builds` counts those that passed, failed or were canceled, but not those that were skipped, not run, or are
  waiting at a block step.
- The pass rate is passed / (passed + failed): a canceled build says nothing about the code.
- A duration is `finished_at - started_at` of a build that passed or failed, including time at block steps.
- A queue time is `started_at - runnable_at` of an attempt at a command step that ended in the period.
- Median and p95 use the nearest rank: the smallest value that at least 50 or 95 percent of all don't exceed, and
  so a time that really occurred. https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method
- The slowest steps have the highest median of `finished_at - started_at` over attempts that passed or failed.
  Canceled and timed-out attempts don't show how long the step takes.
- A flake is an attempt that failed (not softly) or timed out although the same step of the same pipeline passed
  later in the same build, or in another build of the same commit, both within the period. The flakiest steps have
  the most flakes. Cards use the same definition.
- A step is identified by its key or, without one, by its name; parallel jobs are distinguished by their number,
  and jobs of a matrix by their name.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import itemgetter

from bot.history.flakes import TRIED, StepKey, count_flakes, find_shared_keys, group_by_step
from bot.history.model import Attempt, Run

COUNTED = ("passed", "failed", "canceled")
LIST_LIMIT = 3
_TIMED = frozenset({"passed", "failed"})
PipelineStep = tuple[str, StepKey]


@dataclass(frozen=True)
class DurationSpread:
    """The median and the 95th percentile of `count` durations, by nearest rank."""

    count: int
    median: timedelta
    p95: timedelta


@dataclass(frozen=True)
class Totals:
    """The totals of a period. `duration` and `queue` are None if nothing was measured."""

    passed: int
    failed: int
    canceled: int
    duration: DurationSpread | None
    queue: DurationSpread | None

    @property
    def builds(self) -> int:
        return self.passed + self.failed + self.canceled

    @property
    def pass_rate(self) -> float | None:
        """Between 0 and 1, or None if nothing passed or failed."""
        judged = self.passed + self.failed
        return self.passed / judged if judged else None


@dataclass(frozen=True)
class StepStatistics:
    """A step with the number of its attempts, its median duration and the number of its flakes."""

    pipeline: str
    name: str
    attempts: int
    median: timedelta | None
    flakes: int


@dataclass(frozen=True)
class PipelineFailures:
    """A pipeline and how many of its builds failed."""

    pipeline: str
    failed: int
    builds: int


@dataclass(frozen=True)
class HealthStatistics:
    """A period's statistics with at most three outliers of a kind; `before` is None if not known completely."""

    since: datetime
    until: datetime
    totals: Totals
    before: Totals | None
    slowest: tuple[StepStatistics, ...]
    flakiest: tuple[StepStatistics, ...]
    failing: tuple[PipelineFailures, ...]
    runs: tuple[Run, ...]


def compute_health(
    runs: Sequence[Run],
    attempts: Sequence[Attempt],
    since: datetime,
    until: datetime,
    *,
    compare: bool,
) -> HealthStatistics:
    """Compute the statistics of [since, until) and, with `compare`, the totals of the period before it."""
    now_runs = tuple(run for run in runs if _is_within(run.finished_at, since, until) and run.phase in COUNTED)
    now_tried = [attempt for attempt in attempts if _is_within(attempt.finished_at, since, until)]
    earlier = since - (until - since)
    steps = _compute_steps(now_tried)
    return HealthStatistics(
        since=since,
        until=until,
        totals=compute_totals(now_runs, now_tried),
        before=compute_totals(
            [run for run in runs if _is_within(run.finished_at, earlier, since)],
            [attempt for attempt in attempts if _is_within(attempt.finished_at, earlier, since)],
        )
        if compare
        else None,
        slowest=_find_slowest(steps),
        flakiest=_find_flakiest(steps),
        failing=_find_failing(now_runs),
        runs=now_runs,
    )


def compute_totals(runs: Iterable[Run], attempts: Iterable[Attempt]) -> Totals:
    """Compute the totals of a period from all of its runs and attempts."""
    runs = tuple(runs)
    count = Counter(run.phase for run in runs)
    return Totals(
        passed=count["passed"],
        failed=count["failed"],
        canceled=count["canceled"],
        duration=compute_spread(measure_durations(runs)),
        queue=compute_spread(_measure_between(attempt.runnable_at, attempt.started_at) for attempt in attempts),
    )


def measure_durations(runs: Iterable[Run]) -> list[timedelta]:
    """Return the durations of the builds that passed or failed."""
    took = (_measure_between(run.started_at, run.finished_at) for run in runs if run.phase in _TIMED)
    return [span for span in took if span is not None]


def compute_spread(times: Iterable[timedelta | None]) -> DurationSpread | None:
    """Compute the median and p95 of the known durations, or return None if there are none."""
    known = sorted(span for span in times if span is not None)
    return (
        DurationSpread(len(known), find_nearest_rank(known, 50), find_nearest_rank(known, 95)) if known else None
    )


def find_nearest_rank(ordered: Sequence[timedelta], percent: int) -> timedelta:
    """Return the smallest of these ascending durations that at least `percent` of all don't exceed."""
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def _is_within(moment: datetime | None, since: datetime, until: datetime) -> bool:
    return moment is not None and since <= moment < until


def _measure_between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """Return the time between, or None if one is unknown or the clock ran backwards."""
    return end - start if start and end and end >= start else None


def _compute_steps(attempts: Iterable[Attempt]) -> tuple[StepStatistics, ...]:
    by_pipeline: dict[str, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        by_pipeline[attempt.pipeline].append(attempt)
    tried = {
        (pipeline, step): [attempt for attempt in tries if attempt.state in TRIED]
        for pipeline, found in by_pipeline.items()
        for step, tries in group_by_step(found, find_shared_keys(found)).items()
    }
    return tuple(_compute_step(key, tries) for key, tries in sorted(tried.items(), key=itemgetter(0)) if tries)


def _compute_step(key: PipelineStep, tries: Sequence[Attempt]) -> StepStatistics:
    took = compute_spread(
        _measure_between(attempt.started_at, attempt.finished_at) for attempt in tries if attempt.state in _TIMED
    )
    pipeline, (step, name) = key
    last = max(tries, key=_end_timestamp)
    shown = last.name or name or step
    return StepStatistics(pipeline, shown, len(tries), took.median if took else None, count_flakes(tries))


def _end_timestamp(attempt: Attempt) -> float:
    return attempt.finished_at.timestamp() if attempt.finished_at else 0.0


def _find_slowest(steps: Iterable[StepStatistics]) -> tuple[StepStatistics, ...]:
    timed = [(step.median, step) for step in steps if step.median]
    return tuple(
        step for _median, step in sorted(timed, key=lambda attempt: attempt[0], reverse=True)[:LIST_LIMIT]
    )


def _find_flakiest(steps: Iterable[StepStatistics]) -> tuple[StepStatistics, ...]:
    flaky = [step for step in steps if step.flakes]
    return tuple(sorted(flaky, key=lambda step: (-step.flakes, -step.flakes / step.attempts))[:LIST_LIMIT])


def _find_failing(runs: Iterable[Run]) -> tuple[PipelineFailures, ...]:
    runs = tuple(runs)
    builds = Counter(run.pipeline for run in runs)
    failed = Counter(run.pipeline for run in runs if run.phase == "failed")
    ranked = sorted(failed.items(), key=lambda attempt: (-attempt[1], attempt[0]))
    return tuple(PipelineFailures(pipeline, count, builds[pipeline]) for pipeline, count in ranked[:LIST_LIMIT])
