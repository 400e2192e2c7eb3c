"""How many jobs of a build are where: as they were read, and as webhooks told that they went on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
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


def moved(counts: Mapping[str, int], moves: Sequence[Move]) -> dict[str, int]:
    """The counts after that. A retried attempt is counted no more, as Buildkite counts."""
    now = Counter(counts)
    for move in moves:
        was = _was(now, move)
        if was != move.state:
            now[was] -= move.number
            now[move.state] += 0 if move.retried else move.number
    now["failed"] -= min(_replaced(moves), now["failed"])
    return {state: number for state, number in now.items() if number > 0 and state}


def _replaced(moves: Sequence[Move]) -> int:
    """How many attempts that were counted as failed another one has taken the place of.

    An attempt does not tell when it was retried, the one in its place tells when it began.
    """
    begun = sum(move.number for move in moves if move.again and move.began)
    ended = sum(move.number for move in moves if move.retried and move.ended)
    return max(begun - ended, 0)


def _was(counts: Mapping[str, int], move: Move) -> str:
    """Where it was counted; nowhere (an empty name) for an attempt that was not there."""
    if not move.began:
        return "running" if move.ended else move.state
    if move.again:
        return ""
    return next((state for state in _NOT_BEGUN if counts.get(state, 0) >= move.number), "")
