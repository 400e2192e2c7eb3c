"""What is known of a build after a webhook was heard, or a REST answer was read.

A webhook never decides alone: it may be late, repeated, out of order, or newer than its event. Whatever it says
that differs raises doubt; a forward step is shown meanwhile; only a read that was asked for afterwards settles.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from bot.model import BUILD_ENDED, GATES, Build, Job, Known

# Payload times have whole seconds, and Buildkite's clock is not ours.
_SLACK_OF_CLOCKS = timedelta(seconds=2)
_BUILD_RANK = {"creating": 0, "scheduled": 1, "running": 2, "failing": 3, "canceling": 4}
_SETTLED_RANK = 5
_JOB_RANK = {
    "pending": 0,
    "waiting": 0,
    "waiting_failed": 0,
    "blocked": 1,
    "blocked_failed": 1,
    "limiting": 1,
    "limited": 1,
    "platform_limiting": 1,
    "platform_limited": 1,
    "scheduled": 1,
    "reserved": 2,
    "assigned": 2,
    "accepted": 2,
    "running": 3,
    "canceling": 4,
    "timing_out": 4,
}
_JOB_FINAL = 5


def heard(known: Known | None, build: Build, at: datetime) -> Known:
    """What is known after a webhook said `build`; `at` is when it arrived."""
    if known is None:
        return Known(build, seen_at=at, doubt=1, revision=1)
    if visible(build) == visible(known.build) and not known.gone:
        return known if known.seen_at == at else replace(known, seen_at=at)
    doubting = replace(known, seen_at=at, doubt=known.doubt + 1)
    if not _forward(known, build):
        return doubting
    return replace(doubting, build=_keep_jobs(known.build, build), revision=known.revision + 1)


def read(known: Known | None, build: Build, at: datetime, asked: int) -> Known:
    """What is known after REST answered `build` to a question asked at `at`, when `asked` doubts had been raised.

    An answer to an older question is dropped. When something was heard while the question was under way, an
    answer that steps back is not shown, and the doubt stays for the next read; one that is shown raises a doubt,
    since a webhook that agreed with what was shown before may have been the younger word.
    """
    if known is None:
        return _settle(Known(build, seen_at=at, doubt=asked, revision=1), build, at, asked)
    if known.read_at is not None and at < known.read_at:
        return known
    if known.doubt > asked and rank(build) < rank(known.build):
        return replace(known, read_at=at, settled=max(known.settled, asked))
    changed = known.gone or visible(build) != visible(known.build)
    lived = replace(
        known,
        build=_keep_jobs(known.build, build),
        gone=False,
        doubt=known.doubt + (changed and known.seen_at > at),
        revision=known.revision + changed,
        episode=known.episode + _revived(known, build),
    )
    return _settle(lived, build, at, asked)


def gone(known: Known, at: datetime, asked: int) -> Known:
    """What is known after REST answered 404: the build was deleted, or the token may no longer see it."""
    changed = not known.gone
    settled = max(known.settled, asked)
    return replace(known, gone=True, read_at=at, settled=settled, revision=known.revision + changed)


def assume(known: Known) -> Known:
    """Take what is shown for true although it is in doubt: an end is about to be announced."""
    return replace(known, read_phase=known.build.phase, read_end=known.build.finished_at)


def revised(known: Known, looks: int) -> Known:
    """It has come to look different that often, for one of its jobs does."""
    return replace(known, revision=known.revision + looks) if looks else known


def visible(build: Build) -> tuple[object, ...]:
    """What people see of a build: two builds with the same tuple look the same."""
    return (
        build.phase,
        build.branch,
        build.commit,
        build.message,
        build.web_url,
        second(build.started_at),
        second(build.finished_at),
    )


def second(at: datetime | None) -> datetime | None:
    """REST tells milliseconds where a webhook about the same moment tells whole seconds."""
    return at.replace(microsecond=0) if at and at.microsecond else at


def rank(build: Build) -> int:
    """How far a build has come within one life."""
    return _SETTLED_RANK if build.settled else _BUILD_RANK.get(build.state, 2)


def job_after(known: Job | None, job: Job) -> Job:
    """A job is one attempt, so it only moves forward; a retry is another job. A later word wins a tie."""
    if known is None:
        return job
    newer = job if job_rank(job) >= job_rank(known) else known
    return retried(newer) if known.retried or job.retried else newer


def retried(job: Job) -> Job:
    """That attempt was repeated by another job."""
    return job.model_copy(update={"retried": True})


def over(job: Job) -> Job:
    """A job that is named no more: a failed one has been retried, a waiting gate has been opened."""
    return job.model_copy(update={"state": "unblocked"}) if job.type in GATES else retried(job)


def job_rank(job: Job) -> int:
    """How far an attempt has come; states without a rank are final."""
    return _JOB_RANK.get(job.state or "pending", _JOB_FINAL)


def _forward(known: Known, build: Build) -> bool:
    """A step ahead of what is shown, and not from before the last read."""
    said = _moment(build)
    if said and known.read_at and said + _SLACK_OF_CLOCKS < known.read_at:
        return False
    if rank(build) != rank(known.build):
        return rank(build) > rank(known.build)
    then = _moment(known.build)
    return said is not None and then is not None and said > then


def _moment(build: Build) -> datetime | None:
    """When the build came into the phase that it is in, as far as its own times tell."""
    if build.phase in BUILD_ENDED or build.phase == "blocked":
        return build.finished_at
    if build.phase == "failing":
        return build.failing_at
    return build.started_at if build.phase == "running" else None


def _revived(known: Known, build: Build) -> bool:
    """The last read found an end, and this one finds life, or a later end."""
    if known.read_phase is None or (known.read_phase not in BUILD_ENDED and known.read_phase != "blocked"):
        return False
    if not build.settled:
        return True
    before, after = second(known.read_end), second(build.finished_at)
    return bool(before and after and after > before)


def _settle(known: Known, build: Build, at: datetime, asked: int) -> Known:
    return replace(
        known,
        build=_counted(known.build, build, at),
        seen_at=at,
        read_at=at,
        settled=max(known.settled, asked),
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
