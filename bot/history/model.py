"""Models what is recorded about every reported build: how it ended, and how each of its steps did."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.buildkite.models import Build, Job, Person
from bot.buildkite.states import rank_build, rank_job

# Characters of a commit message: reports show its first line.
MESSAGE_KEPT = 200
# Only these outcomes say anything about the code; a canceled or skipped build doesn't.
VERDICTS = frozenset({"passed", "failed"})
# The rank of finished jobs, see `rank_job`.
_FINAL_RANK = 5


@dataclass(frozen=True)
class Run:
    """A build as reports and comparisons need it. `creator` and `author` are lower-case email addresses.

    Times are Buildkite's, except `heard_at`, when the build was last reported to us.
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
        """Return the reference `pipeline#number`."""
        return f"{self.pipeline}#{self.number}"


@dataclass(frozen=True)
class Attempt:
    """A finished attempt of a command step; `step` is its key, or its name if it has none."""

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
    """Return the build as it is recorded."""
    lines = (build.message or "").strip().split("\n")
    return Run(
        id=build.id,
        pipeline=build.ref.pipeline,
        number=build.number,
        branch=build.branch or "",
        commit=build.commit or "",
        phase=build.phase,
        source=build.source or "",
        creator=_normalize_email(build.creator),
        author=_normalize_email(build.author),
        message=lines[0][:MESSAGE_KEPT],
        web_url=build.web_url,
        created_at=build.created_at,
        scheduled_at=build.scheduled_at,
        started_at=build.started_at,
        finished_at=build.finished_at,
        heard_at=heard_at,
    )


def is_same_run(build: Build, other: Build | None) -> bool:
    """Return whether both would be recorded as the same run."""
    return other is not None and _select_recorded(build) == _select_recorded(other)


def _select_recorded(build: Build) -> tuple[object, ...]:
    times = (build.created_at, build.scheduled_at, build.started_at, build.finished_at)
    origin = (build.branch, build.commit, build.source, build.creator, build.author, build.message, build.web_url)
    return (build.url, build.phase, *times, *origin)


def attempt_from_job(build: Build, job: Job, heard_at: datetime) -> Attempt | None:
    """Return the attempt to record; None for block, wait and trigger steps, and for unfinished jobs."""
    if job.type != "script" or rank_job(job) < _FINAL_RANK:
        return None
    return Attempt(
        id=job.id,
        build_id=build.id,
        pipeline=build.ref.pipeline,
        branch=build.branch or "",
        commit=build.commit or "",
        step=find_step_key(job),
        name=job.title,
        state=job.state or "",
        soft_failed=job.soft_failed,
        exit_status=job.exit_status,
        retry_of=job.retry_source.job_id if job.retry_source else None,
        queue=find_queue(job),
        runnable_at=job.runnable_at or job.scheduled_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
        heard_at=heard_at,
    )


def find_step_key(job: Job) -> str:
    """Return a key shared by the jobs of one step in different builds; parallel jobs differ by their number."""
    index = "" if job.parallel_group_index is None else f" {job.parallel_group_index + 1}"
    return f"{job.step_key or job.name or job.label or job.command or job.id}{index}"


def find_queue(job: Job) -> str:
    """Return the queue that a job requires; `default` if it names none."""
    named = (rule.partition("=")[2] for rule in job.agent_query_rules if rule.startswith("queue="))
    return next(named, "default")


def select_newest_builds(builds: Iterable[Build]) -> Mapping[str, Build]:
    """Return, of several reports per build, the one that is furthest ahead; of equals the later one."""
    newest: dict[str, Build] = {}
    for build in builds:
        before = newest.get(build.id)
        if before is not build and (before is None or is_ahead(build, before)):
            newest[build.id] = build
    return newest


def is_ahead(build: Build, before: Build) -> bool:
    """Return whether a report isn't older than another; a later end means a later run."""
    if build.finished_at and before.finished_at and build.finished_at != before.finished_at:
        return build.finished_at > before.finished_at
    return rank_build(build) >= rank_build(before)


def _normalize_email(person: Person | None) -> str:
    return ((person.email if person else None) or "").strip().lower()
