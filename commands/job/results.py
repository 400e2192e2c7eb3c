"""Results about jobs."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.buildkite.models import Build, Job
from bot.builds.job_counts import count_listed_jobs
from bot.operations.addresses import JobArgs
from bot.operations.results import Data, Result, UtcTime


class JobData(Data, frozen=True):
    """A job. `agent` is the name of the agent that runs it; `retried_in` is the id of the job that replaced it."""

    id: str
    name: str
    type: str
    state: str | None
    step_key: str | None
    url: str | None
    exit_status: int | None
    soft_failed: bool
    retried_in: str | None
    awaits_unblock: bool
    priority: int | None
    agent: str | None
    started_at: UtcTime | None
    finished_at: UtcTime | None
    duration_seconds: float | None

    @classmethod
    def from_job(cls, job: Job) -> JobData:
        return cls(
            id=job.id,
            name=job.title,
            type=job.type,
            state=job.state,
            step_key=job.step_key,
            url=job.web_url,
            exit_status=job.exit_status,
            soft_failed=job.soft_failed,
            retried_in=job.retried_in_job_id,
            awaits_unblock=job.awaits_unblock,
            priority=job.priority.number if job.priority else None,
            agent=job.agent.name if job.agent else None,
            started_at=job.started_at,
            finished_at=job.finished_at,
            duration_seconds=measure_seconds(job.started_at, job.finished_at),
        )


class JobResult(Result, frozen=True):
    """A job of the build with that pipeline and number."""

    pipeline: str
    number: int
    job: JobData


class JobList(Result, frozen=True):
    """Jobs of a build; `counts` are the numbers of all its jobs by state."""

    pipeline: str
    number: int
    jobs: tuple[JobData, ...]
    counts: dict[str, int]


class LogResult(Result, frozen=True):
    """The end of a job's log, without secrets; `is_complete`: it is the whole log.

    `next_lines` is the number of `lines` that reads further back; None where no more can be read.
    """

    pipeline: str
    number: int
    job: JobData
    text: str
    lines: int
    is_complete: bool
    next_lines: int | None


class EnvironmentNames(Result, frozen=True):
    """The names of a job's environment variables; their values may be secret, and are never returned."""

    pipeline: str
    number: int
    job: JobData
    names: tuple[str, ...]


def describe_job(job: Job, args: JobArgs, message: str) -> JobResult:
    """Return the result about a job of the build that the arguments name."""
    job_data = JobData.from_job(job)
    return JobResult(message=message, pipeline=args.pipeline or "", number=args.number or 0, job=job_data)


def describe_jobs(jobs: Iterable[Job]) -> tuple[JobData, ...]:
    """Return the data of jobs."""
    return tuple(map(JobData.from_job, jobs))


def count_states(build: Build) -> dict[str, int]:
    """Return the numbers of a build's jobs by state; empty if they weren't read."""
    counts = count_listed_jobs(build)
    return dict(counts.states) if counts else {}


def measure_seconds(began: datetime | None, ended: datetime | None) -> float | None:
    """Return the seconds between, or None if a time is unknown."""
    return (ended - began).total_seconds() if began and ended else None
