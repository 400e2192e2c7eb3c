"""Counts the jobs of a build, and adds job webhooks to the counts of the last read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from bot.buildkite.models import Build, JobStateCounts

# A job that has begun was in one of these states before: the first that holds enough jobs is taken.
_NOT_BEGUN = ("scheduled", "assigned", "accepted", "limited", "limiting", "waiting", "pending")
_UNDER_WAY = frozenset({*_NOT_BEGUN, "reserved", "running", "canceling", "timing_out"})


def count_listed_jobs(build: Build) -> JobStateCounts | None:
    """Return the counts of a build that was read, without wait steps where all of its jobs are listed.

    Buildkite counts wait steps as jobs, but people don't: a wait step behind a failure isn't a skipped job. Which
    state a wait step is counted in isn't known, since it is listed without one; so the others are counted here.
    """
    counts = build.job_state_counts
    if counts is None or len(build.jobs) < counts.total:
        return counts
    states = Counter(job.state for job in build.jobs if job.type != "waiter" and job.state)
    return JobStateCounts(at=counts.at, total=states.total(), states=dict(states))


def keep_named_jobs(build: Build, states: Collection[str]) -> Build:
    """Return a build that was read with its counts as people count, and only the jobs in these states."""
    named = tuple(job for job in build.jobs if job.state in states)
    return build.model_copy(update={"jobs": named, "job_state_counts": count_listed_jobs(build)})


class JobMove(NamedTuple):
    """A number of attempts that are in `state` now and moved in the same way since the counts were read.

    `began`, `ended`: after the counts were read. `retried`: replaced by another attempt. `is_retry`: replaces one.
    """

    state: str
    began: bool
    ended: bool
    retried: bool
    is_retry: bool
    size: int


def apply_moves(counts: Mapping[str, int], moves: Sequence[JobMove]) -> dict[str, int]:
    """Return the counts after these moves. Like Buildkite, don't count a retried attempt."""
    now = Counter(counts)
    for move in moves:
        was = _find_counted_state(now, move)
        if was != move.state:
            now[was] -= move.size
            now[move.state] += 0 if move.retried else move.size
    now["failed"] -= min(_count_replaced(moves), now["failed"])
    return {state: number for state, number in now.items() if number > 0 and state}


def are_final(counts: Mapping[str, int]) -> bool:
    """Return whether none of the jobs waits or runs, as it must be once their build has ended."""
    return _UNDER_WAY.isdisjoint(counts)


def _count_replaced(moves: Sequence[JobMove]) -> int:
    """Return how many attempts that were counted as failed have been replaced.

    A retried attempt doesn't say when it was retried, but the attempt that replaces it says when it began.
    """
    begun = sum(move.size for move in moves if move.is_retry and move.began)
    ended = sum(move.size for move in moves if move.retried and move.ended)
    return max(begun - ended, 0)


def _find_counted_state(counts: Mapping[str, int], move: JobMove) -> str:
    """Return the state in which the attempts were counted; an empty string if they weren't."""
    if not move.began:
        return "running" if move.ended else move.state
    if move.is_retry:
        return ""
    return next((state for state in _NOT_BEGUN if counts.get(state, 0) >= move.size), "")
