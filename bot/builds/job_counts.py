"""Adds job webhooks to the job counts of the last read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import NamedTuple

# A job that has begun was in one of these states before: the first that holds enough jobs is taken.
_NOT_BEGUN = ("scheduled", "assigned", "accepted", "limited", "limiting", "waiting", "pending")


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
