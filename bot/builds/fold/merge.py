"""What is known of a build after a webhook was heard, or a REST answer was read.

A webhook never decides alone: it may be late, repeated, out of order, or newer than its event. Whatever it says
that differs raises doubt; a forward step is shown meanwhile; only a read that was asked for afterwards settles.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.buildkite.models import BUILD_ENDED, GATES, Build, Job
from bot.buildkite.states import rank_build, rank_job, truncate_to_second
from bot.builds.model import TrackedBuild

# Payload times have whole seconds, and Buildkite's clock is not ours.
_SLACK_OF_CLOCKS = timedelta(seconds=2)


def apply_webhook(tracked: TrackedBuild | None, build: Build, at: datetime) -> TrackedBuild:
    """What is known after a webhook said `build`; `at` is when it arrived."""
    if tracked is None:
        return TrackedBuild(build, seen_at=at, changes_reported=1, revision=1)
    if visible(build) == visible(tracked.build) and not tracked.deleted:
        return tracked if tracked.seen_at == at else replace(tracked, seen_at=at)
    doubting = replace(tracked, seen_at=at, changes_reported=tracked.changes_reported + 1)
    if not _forward(tracked, build):
        return doubting
    return replace(doubting, build=_keep_jobs(tracked.build, build), revision=tracked.revision + 1)


def apply_read(tracked: TrackedBuild | None, build: Build, at: datetime, asked: int) -> TrackedBuild:
    """What is known after REST answered `build` to a question asked at `at`, when `asked` doubts had been raised.

    An answer to an older question is dropped. When something was heard while the question was under way, an
    answer that steps back is not shown, and the doubt stays for the next read; one that is shown raises a doubt,
    since a webhook that agreed with what was shown before may have been the younger word.
    """
    if tracked is None:
        return _settle(TrackedBuild(build, seen_at=at, changes_reported=asked, revision=1), build, at, asked)
    if tracked.read_at is not None and at < tracked.read_at:
        return tracked
    if tracked.changes_reported > asked and rank_build(build) < rank_build(tracked.build):
        return replace(tracked, read_at=at, changes_confirmed=max(tracked.changes_confirmed, asked))
    changed = tracked.deleted or visible(build) != visible(tracked.build)
    lived = replace(
        tracked,
        build=_keep_jobs(tracked.build, build),
        deleted=False,
        changes_reported=tracked.changes_reported + (changed and tracked.seen_at > at),
        revision=tracked.revision + changed,
        generation=tracked.generation + _revived(tracked, build),
    )
    return _settle(lived, build, at, asked)


def apply_deletion(tracked: TrackedBuild, at: datetime, asked: int) -> TrackedBuild:
    """What is known after REST answered 404: the build was deleted, or the token may no longer see it."""
    changed = not tracked.deleted
    settled = max(tracked.changes_confirmed, asked)
    return replace(
        tracked, deleted=True, read_at=at, changes_confirmed=settled, revision=tracked.revision + changed
    )


def assume_confirmed(tracked: TrackedBuild) -> TrackedBuild:
    """Take what is shown for true although it is in doubt: an end is about to be announced."""
    return replace(tracked, read_phase=tracked.build.phase, read_end=tracked.build.finished_at)


def bump_revision(tracked: TrackedBuild, looks: int) -> TrackedBuild:
    """It has come to look different that often, for one of its jobs does."""
    return replace(tracked, revision=tracked.revision + looks) if looks else tracked


def visible(build: Build) -> tuple[object, ...]:
    """What people see of a build: two builds with the same tuple look the same."""
    return (
        build.phase,
        build.branch,
        build.commit,
        build.message,
        build.web_url,
        truncate_to_second(build.started_at),
        truncate_to_second(build.finished_at),
    )


def merge_job(known: Job | None, job: Job) -> Job:
    """A job is one attempt, so it only moves forward; a retry is another job. A later word wins a tie."""
    if known is None:
        return job
    newer = job if rank_job(job) >= rank_job(known) else known
    return mark_retried(newer) if known.retried or job.retried else newer


def mark_retried(job: Job) -> Job:
    """That attempt was repeated by another job."""
    return job.model_copy(update={"retried": True})


def mark_superseded(job: Job) -> Job:
    """A job that is named no more: a failed one has been retried, a waiting gate has been opened."""
    return job.model_copy(update={"state": "unblocked"}) if job.type in GATES else mark_retried(job)


def _forward(tracked: TrackedBuild, build: Build) -> bool:
    """A step ahead of what is shown, and not from before the last read."""
    said = _moment(build)
    if said and tracked.read_at and said + _SLACK_OF_CLOCKS < tracked.read_at:
        return False
    if rank_build(build) != rank_build(tracked.build):
        return rank_build(build) > rank_build(tracked.build)
    then = _moment(tracked.build)
    return said is not None and then is not None and said > then


def _moment(build: Build) -> datetime | None:
    """When the build came into the phase that it is in, as far as its own times tell."""
    if build.phase in BUILD_ENDED or build.phase == "blocked":
        return build.finished_at
    if build.phase == "failing":
        return build.failing_at
    return build.started_at if build.phase == "running" else None


def _revived(tracked: TrackedBuild, build: Build) -> bool:
    """The last read found an end, and this one finds life, or a later end."""
    if tracked.read_phase is None or (tracked.read_phase not in BUILD_ENDED and tracked.read_phase != "blocked"):
        return False
    if not build.settled:
        return True
    before, after = truncate_to_second(tracked.read_end), truncate_to_second(build.finished_at)
    return bool(before and after and after > before)


def _settle(tracked: TrackedBuild, build: Build, at: datetime, asked: int) -> TrackedBuild:
    return replace(
        tracked,
        build=_counted(tracked.build, build, at),
        seen_at=at,
        read_at=at,
        changes_confirmed=max(tracked.changes_confirmed, asked),
        read_phase=build.phase,
        read_end=build.finished_at,
    )


def _counted(shown: Build, read: Build, at: datetime) -> Build:
    """Counts are of the time when they were asked for: what is heard of jobs after that is added to them."""
    if read.job_state_counts is None:
        return shown
    return shown.model_copy(update={"job_state_counts": read.job_state_counts.model_copy(update={"at": at})})


def _keep_jobs(old: Build, new: Build) -> Build:
    """Webhooks and lists carry no jobs and no counts: what a read of the build alone brought is kept."""
    if new.jobs or new.job_state_counts or not old.job_state_counts:
        return new
    return new.model_copy(update={"job_state_counts": old.job_state_counts})
