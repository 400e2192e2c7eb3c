"""How builds and steps did over a time, as numbers.

What counts, exactly:

- A period is [since, until). A build belongs to the period in which it ended (`finished_at`); of one that lived
  several times, after a retry or an unblock, the last end counts.
- `builds` are those that passed, failed or were canceled. Skipped builds, those that were not run, and those that
  wait at a block step are no builds here.
- The pass rate is passed / (passed + failed): a canceled build says nothing of the code.
- A duration is `finished_at - started_at` of a build that passed or failed, waiting at gates included.
- A queue time is `started_at - runnable_at` of an attempt at a command step that ended in the period.
- Median and p95 are by nearest rank: the smallest value that at least so many percent of all do not exceed. Both
  are times that really occurred. https://en.wikipedia.org/wiki/Percentile#The_nearest-rank_method
- The slowest steps are those with the highest median of `finished_at - started_at` over attempts that passed or
  failed; attempts that were canceled or timed out say nothing of how long the step takes.
- A flake is an attempt that failed or timed out, not softly, though the same step of the same pipeline passed
  later in the same build or at the same commit; both within the period. The flakiest steps have the most flakes.
- A step is its key where it has one, else its name; parallel jobs are told apart by their number.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.history.model import Attempt, Run

COUNTED = ("passed", "failed", "canceled")
MOST = 3
_TIMED = frozenset({"passed", "failed"})
_FLAKED = frozenset({"failed", "timed_out"})
_TRIED = _TIMED | _FLAKED
Line = tuple[str, str]


@dataclass(frozen=True)
class Spread:
    """Of `count` times the median and the 95th percentile, by nearest rank."""

    count: int
    median: timedelta
    p95: timedelta


@dataclass(frozen=True)
class Totals:
    """A whole period. `duration` and `queue` are None where nothing was measured."""

    passed: int
    failed: int
    canceled: int
    duration: Spread | None
    queue: Spread | None

    @property
    def builds(self) -> int:
        return self.passed + self.failed + self.canceled

    @property
    def pass_rate(self) -> float | None:
        """Between 0 and 1; None where nothing passed or failed."""
        judged = self.passed + self.failed
        return self.passed / judged if judged else None


@dataclass(frozen=True)
class Step:
    """One step: how often it was tried, how long it takes, how often it failed for nothing."""

    pipeline: str
    name: str
    attempts: int
    median: timedelta | None
    flakes: int


@dataclass(frozen=True)
class Failing:
    """A pipeline and how many of its builds failed."""

    pipeline: str
    failed: int
    builds: int


@dataclass(frozen=True)
class Health:
    """A period, the one before where all of that is known, and who stands out: at most three each."""

    since: datetime
    until: datetime
    totals: Totals
    before: Totals | None
    slowest: tuple[Step, ...]
    flakiest: tuple[Step, ...]
    failing: tuple[Failing, ...]
    runs: tuple[Run, ...]


def health(
    runs: Sequence[Run],
    attempts: Sequence[Attempt],
    since: datetime,
    until: datetime,
    *,
    compare: bool,
) -> Health:
    """The numbers of [since, until); with `compare` also of the equally long period before it."""
    now_runs = tuple(run for run in runs if _within(run.finished_at, since, until) and run.phase in COUNTED)
    now_tried = [attempt for attempt in attempts if _within(attempt.finished_at, since, until)]
    earlier = since - (until - since)
    steps = _steps(now_tried)
    return Health(
        since=since,
        until=until,
        totals=totals(now_runs, now_tried),
        before=totals(
            [run for run in runs if _within(run.finished_at, earlier, since)],
            [attempt for attempt in attempts if _within(attempt.finished_at, earlier, since)],
        )
        if compare
        else None,
        slowest=_slowest(steps),
        flakiest=_flakiest(steps),
        failing=_failing(now_runs),
        runs=now_runs,
    )


def totals(runs: Iterable[Run], attempts: Iterable[Attempt]) -> Totals:
    """The sums of one period, of which these are all runs and attempts."""
    runs = tuple(runs)
    count = Counter(run.phase for run in runs)
    return Totals(
        passed=count["passed"],
        failed=count["failed"],
        canceled=count["canceled"],
        duration=spread(durations(runs)),
        queue=spread(_between(attempt.runnable_at, attempt.started_at) for attempt in attempts),
    )


def durations(runs: Iterable[Run]) -> list[timedelta]:
    """How long builds took that passed or failed."""
    took = (_between(run.started_at, run.finished_at) for run in runs if run.phase in _TIMED)
    return [span for span in took if span is not None]


def spread(times: Iterable[timedelta | None]) -> Spread | None:
    """Median and p95 of those that are known; None of none."""
    known = sorted(span for span in times if span is not None)
    return Spread(len(known), nearest_rank(known, 50), nearest_rank(known, 95)) if known else None


def nearest_rank(ordered: Sequence[timedelta], percent: int) -> timedelta:
    """The smallest of these ascending times that at least `percent` of all do not exceed."""
    return ordered[max(math.ceil(len(ordered) * percent / 100), 1) - 1]


def _within(moment: datetime | None, since: datetime, until: datetime) -> bool:
    return moment is not None and since <= moment < until


def _between(start: datetime | None, end: datetime | None) -> timedelta | None:
    """A clock that ran backwards measured nothing."""
    return end - start if start and end and end >= start else None


def _steps(attempts: Iterable[Attempt]) -> tuple[Step, ...]:
    tried: dict[Line, list[Attempt]] = defaultdict(list)
    for attempt in attempts:
        if attempt.state in _TRIED:
            tried[attempt.pipeline, attempt.step].append(attempt)
    return tuple(_step(line, tries) for line, tries in sorted(tried.items()))


def _step(line: Line, tries: Sequence[Attempt]) -> Step:
    took = spread(_between(item.started_at, item.finished_at) for item in tries if item.state in _TIMED)
    last = max(tries, key=_ended)
    return Step(line[0], last.name or line[1], len(tries), took.median if took else None, _flakes(tries))


def _flakes(tries: Sequence[Attempt]) -> int:
    """How many attempts at one step failed though it passed later in that build or at that commit."""
    passed: dict[str, float] = {}
    for item in tries:
        if item.state == "passed":
            for place in _places(item):
                passed[place] = max(passed.get(place, 0.0), _ended(item))
    return sum(_flake(item, passed) for item in tries if item.state in _FLAKED and not item.soft_failed)


def _flake(attempt: Attempt, passed: Mapping[str, float]) -> bool:
    return any(passed.get(place, 0.0) > _ended(attempt) for place in _places(attempt))


def _places(attempt: Attempt) -> tuple[str, ...]:
    """Where another attempt is the same again: its build, and its commit where that is one."""
    known = attempt.commit and attempt.commit != "HEAD"
    return (f"build {attempt.build_id}", *([f"commit {attempt.commit}"] if known else []))


def _ended(attempt: Attempt) -> float:
    return attempt.finished_at.timestamp() if attempt.finished_at else 0.0


def _slowest(steps: Iterable[Step]) -> tuple[Step, ...]:
    timed = [(step.median, step) for step in steps if step.median]
    return tuple(step for _median, step in sorted(timed, key=lambda item: item[0], reverse=True)[:MOST])


def _flakiest(steps: Iterable[Step]) -> tuple[Step, ...]:
    flaky = [step for step in steps if step.flakes]
    return tuple(sorted(flaky, key=lambda step: (-step.flakes, -step.flakes / step.attempts))[:MOST])


def _failing(runs: Iterable[Run]) -> tuple[Failing, ...]:
    runs = tuple(runs)
    builds = Counter(run.pipeline for run in runs)
    failed = Counter(run.pipeline for run in runs if run.phase == "failed")
    ranked = sorted(failed.items(), key=lambda item: (-item[1], item[0]))
    return tuple(Failing(pipeline, count, builds[pipeline]) for pipeline, count in ranked[:MOST])
