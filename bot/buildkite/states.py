"""Ranks states of builds and jobs, to tell old news from new when webhooks and reads overtake each other."""

from __future__ import annotations

from datetime import datetime

from bot.buildkite.models import Build, Job

_BUILD_RANK = {"creating": 0, "scheduled": 1, "running": 2, "failing": 3, "canceling": 4}
_INACTIVE_RANK = 5
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
_FINAL_JOB_RANK = 5


def truncate_to_second(at: datetime | None) -> datetime | None:
    """Drop the fraction: webhooks give whole seconds for moments that REST gives in milliseconds."""
    return at.replace(microsecond=0) if at and at.microsecond else at


def rank_build(build: Build) -> int:
    """Return how far a build has come within one generation."""
    return _INACTIVE_RANK if build.inactive else _BUILD_RANK.get(build.state, 2)


def rank_job(job: Job) -> int:
    """Return how far an attempt has come; states without a rank are final."""
    return _JOB_RANK.get(job.state or "pending", _FINAL_JOB_RANK)
