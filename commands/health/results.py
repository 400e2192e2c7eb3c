"""Results of health reports."""

from __future__ import annotations

from bot.operations.results import Data, Result, UtcTime
from commands.health.statistics import (
    DurationSpread,
    HealthStatistics,
    PipelineFailures,
    StepStatistics,
    Totals,
)


class DurationData(Data, frozen=True):
    """The median and the 95th percentile of `count` durations, in seconds."""

    count: int
    median: float
    p95: float

    @classmethod
    def from_spread(cls, spread: DurationSpread) -> DurationData:
        return cls(count=spread.count, median=spread.median.total_seconds(), p95=spread.p95.total_seconds())


class TotalsData(Data, frozen=True):
    """The totals of a period; `pass_rate` is between 0 and 1, and None if no build passed or failed."""

    builds: int
    passed: int
    failed: int
    canceled: int
    pass_rate: float | None
    duration: DurationData | None
    queue_time: DurationData | None

    @classmethod
    def from_totals(cls, totals: Totals) -> TotalsData:
        return cls(
            builds=totals.builds,
            passed=totals.passed,
            failed=totals.failed,
            canceled=totals.canceled,
            pass_rate=totals.pass_rate,
            duration=DurationData.from_spread(totals.duration) if totals.duration else None,
            queue_time=DurationData.from_spread(totals.queue) if totals.queue else None,
        )


class StepData(Data, frozen=True):
    """A step: how often it was tried, its median duration, and how often it failed without a cause in the code."""

    pipeline: str
    name: str
    attempts: int
    median_seconds: float | None
    flakes: int

    @classmethod
    def from_statistics(cls, step: StepStatistics) -> StepData:
        return cls(
            pipeline=step.pipeline,
            name=step.name,
            attempts=step.attempts,
            median_seconds=step.median.total_seconds() if step.median is not None else None,
            flakes=step.flakes,
        )


class FailuresData(Data, frozen=True):
    """The number of a pipeline's builds that failed."""

    pipeline: str
    failed: int
    builds: int

    @classmethod
    def from_failures(cls, failures: PipelineFailures) -> FailuresData:
        return cls(pipeline=failures.pipeline, failed=failures.failed, builds=failures.builds)


class HealthResult(Result, frozen=True):
    """Statistics of pipelines over a period; `before` are those of the period before it, if completely known.

    `is_complete`: no build of the period is missing. Only the three worst of a kind are named.
    """

    pipelines: tuple[str, ...]
    since: UtcTime
    until: UtcTime
    is_complete: bool
    totals: TotalsData
    before: TotalsData | None
    slowest: tuple[StepData, ...]
    flakiest: tuple[StepData, ...]
    failing: tuple[FailuresData, ...]

    @classmethod
    def from_statistics(
        cls, found: HealthStatistics, pipelines: tuple[str, ...], message: str, *, is_complete: bool
    ) -> HealthResult:
        return cls(
            message=message,
            pipelines=pipelines,
            since=found.since,
            until=found.until,
            is_complete=is_complete,
            totals=TotalsData.from_totals(found.totals),
            before=TotalsData.from_totals(found.before) if found.before else None,
            slowest=tuple(map(StepData.from_statistics, found.slowest)),
            flakiest=tuple(map(StepData.from_statistics, found.flakiest)),
            failing=tuple(map(FailuresData.from_failures, found.failing)),
        )
