"""How many jobs of a build are where: as they were read, and as webhooks told that they went on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

# Where a job was that had not begun: the first of these that any was in.
_NOT_BEGUN = ("scheduled", "assigned", "accepted", "limited", "limiting", "waiting", "pending")


class Move(NamedTuple):
    """So many attempts that are in `state` now; what they had not done when the counts were read.

    `began` and `ended` after that; `retried`: another attempt has taken its place; `again`: it is such another.
    """

    state: str
    began: bool
    ended: bool
    retried: bool
    again: bool
    number: int


def moved(counts: Mapping[str, int], moves: Iterable[Move]) -> dict[str, int]:
    """The counts after that. A retried attempt is counted no more, as Buildkite counts."""
    now = Counter(counts)
    for move in moves:
        was = _was(now, move)
        if was != move.state or move.retried:
            now[was] -= move.number
            now[move.state] += 0 if move.retried else move.number
    return {state: number for state, number in now.items() if number > 0 and state}


def _was(counts: Mapping[str, int], move: Move) -> str:
    """Where it was counted; nowhere (an empty name) for an attempt that was not there."""
    if not move.began:
        return "running" if move.ended else move.state
    if move.again:
        return ""
    return next((state for state in _NOT_BEGUN if counts.get(state, 0) >= move.number), "")
