"""Merges one webhook or one REST answer into a tracked build.

A webhook never decides alone. It may be late, repeated or out of order, and its payload may be newer than its
event. So a report that differs makes the build unconfirmed; a step forward is shown at once, because it is nearly
always right and people wait for it; only a read requested after the report confirms or corrects it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.buildkite.models import BLOCK_STEP_TYPES, BUILD_ENDED, Build, Job
from bot.buildkite.states import rank_build, rank_job, truncate_to_second
from bot.builds.job_counts import count_listed_jobs
from bot.builds.model import TrackedBuild

# Payloads carry whole seconds, and Buildkite's clock may differ from ours by about a second.
_CLOCK_SKEW = timedelta(seconds=2)
# A card of such a build names none of its jobs and counts none.
_PHASES_WITHOUT_JOBS = frozenset({"creating", "scheduled"})


def apply_webhook(tracked: TrackedBuild | None, build: Build, at: datetime) -> TrackedBuild:
    """Return the tracked build after a webhook reported `build`, received at `at`."""
    if tracked is None:
        return TrackedBuild(build, seen_at=at, changes_reported=1, revision=1)
    if select_visible(build) == select_visible(tracked.build) and not tracked.deleted:
        return tracked if tracked.seen_at == at else replace(tracked, seen_at=at)
    unconfirmed = replace(tracked, seen_at=at, changes_reported=tracked.changes_reported + 1)
    if not _is_step_forward(tracked, build):
        return unconfirmed
    return replace(unconfirmed, build=_keep_unreported(tracked.build, build), revision=tracked.revision + 1)


def apply_read(
    tracked: TrackedBuild | None,
    build: Build,
    asked_at: datetime,
    reported_when_asked: int,
    *,
    has_named_jobs: bool = False,
) -> TrackedBuild:
    """Return the tracked build after a read answered `build`.

    `asked_at` is when the request was sent, `reported_when_asked` how many changes had been reported by then.
    `has_named_jobs`: the jobs that a card would name came with it.
    An answer to an older request is dropped. If a webhook arrived while the request was under way, either of the
    two may be newer: an answer that steps back isn't shown, and the build stays unconfirmed until the next read;
    an answer that is shown counts as one more reported change, since a webhook that agreed with the previous
    state may have been the newer one.
    """
    if tracked is None:
        return _confirm(
            TrackedBuild(build, seen_at=asked_at, changes_reported=reported_when_asked, revision=1),
            build,
            asked_at,
            reported_when_asked,
            has_named_jobs,
        )
    if tracked.read_at is not None and asked_at < tracked.read_at:
        return tracked
    # A webhook overtook this answer, which would step back: the confirming read is still to come.
    if tracked.changes_reported > reported_when_asked and rank_build(build) < rank_build(tracked.build):
        return replace(
            tracked, read_at=asked_at, changes_confirmed=max(tracked.changes_confirmed, reported_when_asked)
        )
    changed = tracked.deleted or select_visible(build) != select_visible(tracked.build)
    updated = replace(
        tracked,
        build=_keep_unreported(tracked.build, build),
        deleted=False,
        changes_reported=tracked.changes_reported + (changed and tracked.seen_at > asked_at),
        revision=tracked.revision + changed,
        generation=tracked.generation + _has_revived(tracked, build),
    )
    return _confirm(updated, build, asked_at, reported_when_asked, has_named_jobs)


def count_reported_before(tracked: TrackedBuild, asked_at: datetime) -> int:
    """Return how many changes had certainly been reported when a request was sent."""
    return tracked.changes_reported if tracked.seen_at < asked_at else tracked.changes_confirmed


def lacks_job_details(tracked: TrackedBuild) -> bool:
    """Return whether the jobs haven't been read since the build entered its phase: lists show only states."""
    build, counts = tracked.build, tracked.build.job_state_counts
    if tracked.deleted or build.phase in _PHASES_WITHOUT_JOBS:
        return False
    read = (counts.phase, truncate_to_second(counts.ended_at)) if counts else None
    return read != (build.phase, truncate_to_second(build.finished_at))


def apply_deletion(tracked: TrackedBuild, asked_at: datetime, reported_when_asked: int) -> TrackedBuild:
    """Return the tracked build after a 404: it was deleted, or the token may no longer see it."""
    changed = not tracked.deleted
    confirmed = max(tracked.changes_confirmed, reported_when_asked)
    return replace(
        tracked, deleted=True, read_at=asked_at, changes_confirmed=confirmed, revision=tracked.revision + changed
    )


def assume_confirmed(tracked: TrackedBuild) -> TrackedBuild:
    """Return the build with its shown state recorded as read, because an end is about to be announced."""
    return replace(tracked, read_phase=tracked.build.phase, read_end=tracked.build.finished_at)


def bump_revision(tracked: TrackedBuild, visible_changes: int) -> TrackedBuild:
    """Return the build with its revision raised by the number of visible changes of its jobs."""
    return replace(tracked, revision=tracked.revision + visible_changes) if visible_changes else tracked


def select_visible(build: Build) -> tuple[object, ...]:
    """Return what people see of a build: two builds with equal tuples look the same."""
    return (
        build.phase,
        build.branch,
        build.commit,
        build.message,
        build.web_url,
        truncate_to_second(build.started_at),
        truncate_to_second(build.finished_at),
    )


def select_visible_of_job(job: Job | None) -> tuple[object, ...] | None:
    """Return what a card shows of a job."""
    if job is None:
        return None
    return (
        job.state,
        job.title,
        job.web_url,
        job.exit_status,
        job.soft_failed,
        job.retried,
        job.type,
        job.awaits_unblock,
    )


def merge_job(before: Job | None, job: Job) -> Job:
    """Return the newer of two reports about a job; the later report wins a tie.

    A job is a single attempt and never steps back. A retry is another job.
    """
    if before is None:
        return job
    newer = job if rank_job(job) >= rank_job(before) else before
    return mark_retried(newer) if before.retried or job.retried else newer


def mark_retried(job: Job) -> Job:
    """Return the job as retried by another job."""
    return job.model_copy(update={"retried": True})


def mark_superseded(job: Job) -> Job:
    """Return a job that is no longer listed: a failed job was retried, a block step was unblocked."""
    return job.model_copy(update={"state": "unblocked"}) if job.type in BLOCK_STEP_TYPES else mark_retried(job)


def _is_step_forward(tracked: TrackedBuild, build: Build) -> bool:
    """Return whether the report is ahead of what is shown, and not older than the last read."""
    began = _find_phase_start(build)
    # The last read was later than this, so it has seen the change: the webhook is late.
    if began and tracked.read_at and began + _CLOCK_SKEW < tracked.read_at:
        return False
    if rank_build(build) != rank_build(tracked.build):
        return rank_build(build) > rank_build(tracked.build)
    # The same phase once more, such as a second end after a retry: its own time decides.
    shown_began = _find_phase_start(tracked.build)
    return began is not None and shown_began is not None and began > shown_began


def _find_phase_start(build: Build) -> datetime | None:
    """Return when the build entered its phase, as far as its own times show."""
    if build.phase in BUILD_ENDED or build.phase == "blocked":
        return build.finished_at
    if build.phase == "failing":
        return build.failing_at
    return build.started_at if build.phase == "running" else None


def _has_revived(tracked: TrackedBuild, build: Build) -> bool:
    """Return whether the last read found an end, and this one finds the build alive or a later end."""
    if tracked.read_phase is None or (tracked.read_phase not in BUILD_ENDED and tracked.read_phase != "blocked"):
        return False
    if not build.inactive:
        return True
    before, after = truncate_to_second(tracked.read_end), truncate_to_second(build.finished_at)
    return bool(before and after and after > before)


def _confirm(
    tracked: TrackedBuild, build: Build, asked_at: datetime, reported_when_asked: int, has_named_jobs: bool
) -> TrackedBuild:
    """Return the build with every change reported before the request confirmed."""
    return replace(
        tracked,
        build=_replace_counts(tracked.build, build, asked_at, has_named_jobs),
        # A webhook that arrived meanwhile was later: it must not look as if this read had seen it.
        seen_at=max(tracked.seen_at, asked_at),
        read_at=asked_at,
        changes_confirmed=max(tracked.changes_confirmed, reported_when_asked),
        read_phase=build.phase,
        read_end=build.finished_at,
    )


def _replace_counts(shown: Build, read: Build, asked_at: datetime, has_named_jobs: bool) -> Build:
    """Return the build with the job counts of the read.

    The counts are stamped with the time of the request: jobs reported after it are counted on top of them.
    """
    counts = count_listed_jobs(read)
    if counts is None:
        return shown
    stamp = {"phase": read.phase, "ended_at": read.finished_at} if has_named_jobs else {}
    return shown.model_copy(update={"job_state_counts": counts.model_copy(update={"at": asked_at, **stamp})})


def _keep_unreported(old: Build, new: Build) -> Build:
    """Return the new build with what it leaves out: webhooks and lists carry no counts, some neither pipeline."""
    kept: dict[str, object] = {}
    if old.job_state_counts and not new.job_state_counts:
        kept["job_state_counts"] = old.job_state_counts
    if old.pipeline and not new.pipeline:
        kept["pipeline"] = old.pipeline
    if old.env_names and new.env_names is None:
        kept["env_names"] = old.env_names
    return new.model_copy(update=kept) if kept else new
