"""What is remembered of every build that was heard of: how it ended, and how each of its steps did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.buildkite.models import Build, Job, Person
from bot.buildkite.states import rank_build, rank_job

MESSAGE_KEPT = 200
# These say something of the code; a canceled or skipped build says nothing.
VERDICTS = frozenset({"passed", "failed"})
_FINAL_RANK = 5


@dataclass(frozen=True)
class Run:
    """One build as reports and comparisons need it. `creator` and `author` are e-mail addresses in lower case.

    Times are Buildkite's own; `heard_at` is ours.
    """

    id: str
    pipeline: str
    number: int
    branch: str
    commit: str
    phase: str
    source: str
    creator: str
    author: str
    message: str
    web_url: str
    created_at: datetime | None
    scheduled_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    heard_at: datetime

    @property
    def ref(self) -> str:
        """`pipeline#number`."""
        return f"{self.pipeline}#{self.number}"


@dataclass(frozen=True)
class Attempt:
    """One finished attempt at a command step; `step` is its key where it has one, else its name."""

    id: str
    build_id: str
    pipeline: str
    branch: str
    commit: str
    step: str
    name: str
    state: str
    soft_failed: bool
    exit_status: int | None
    retry_of: str | None
    queue: str
    runnable_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    heard_at: datetime


def run_from_build(build: Build, heard_at: datetime) -> Run:
    """The build as it is remembered."""
    lines = (build.message or "").strip().split("\n")
    return Run(
        id=build.id,
        pipeline=build.ref.pipeline,
        number=build.number,
        branch=build.branch or "",
        commit=build.commit or "",
        phase=build.phase,
        source=build.source or "",
        creator=_address(build.creator),
        author=_address(build.author),
        message=lines[0][:MESSAGE_KEPT],
        web_url=build.web_url,
        created_at=build.created_at,
        scheduled_at=build.scheduled_at,
        started_at=build.started_at,
        finished_at=build.finished_at,
        heard_at=heard_at,
    )


def is_same_run(build: Build, other: Build | None) -> bool:
    """Whether both are remembered as the same run."""
    return other is not None and _remembered(build) == _remembered(other)


def _remembered(build: Build) -> tuple[object, ...]:
    times = (build.created_at, build.scheduled_at, build.started_at, build.finished_at)
    told = (build.branch, build.commit, build.source, build.creator, build.author, build.message, build.web_url)
    return (build.url, build.phase, *times, *told)


def attempt_from_job(build: Build, job: Job, heard_at: datetime) -> Attempt | None:
    """The attempt as it is remembered; None for gates, waits and triggers, and while it is under way."""
    if job.type != "script" or rank_job(job) < _FINAL_RANK:
        return None
    return Attempt(
        id=job.id,
        build_id=build.id,
        pipeline=build.ref.pipeline,
        branch=build.branch or "",
        commit=build.commit or "",
        step=step_key(job),
        name=job.title,
        state=job.state or "",
        soft_failed=job.soft_failed,
        exit_status=job.exit_status,
        retry_of=job.retry_source.job_id if job.retry_source else None,
        queue=queue_of(job),
        runnable_at=job.runnable_at or job.scheduled_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        heard_at=heard_at,
    )


def step_key(job: Job) -> str:
    """What makes two jobs of different builds the same step; parallel ones are told apart by their number."""
    index = "" if job.parallel_group_index is None else f" {job.parallel_group_index + 1}"
    return f"{job.step_key or job.name or job.label or job.command or job.id}{index}"


def queue_of(job: Job) -> str:
    """The queue that a job asks for; `default` where it names none."""
    named = (rule.partition("=")[2] for rule in job.agent_query_rules if rule.startswith("queue="))
    return next(named, "default")


def newest_builds(builds: Iterable[Build]) -> Mapping[str, Build]:
    """Of several words about one build the one that is furthest ahead; the later one where they are level."""
    found: dict[str, Build] = {}
    for build in builds:
        before = found.get(build.id)
        if before is not build and (before is None or is_ahead(build, before)):
            found[build.id] = build
    return found


def is_ahead(build: Build, before: Build) -> bool:
    """Whether a word about a build is not older than another: an end that came later is a later life."""
    if build.finished_at and before.finished_at and build.finished_at != before.finished_at:
        return build.finished_at > before.finished_at
    return rank_build(build) >= rank_build(before)


def _address(somebody: Person | None) -> str:
    return ((somebody.email if somebody else None) or "").strip().lower()
