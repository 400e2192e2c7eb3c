"""Measures contenders in turn, round by round, so that a noisy machine affects all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

T = TypeVar("T")


class Spread(NamedTuple):
    """The median, the lowest and the highest of some figures."""

    median: float
    low: float
    high: float

    def render(self, digits: int = 2) -> str:
        """Return `1.04 (0.98–1.10)`."""
        return f"{self.median:,.{digits}f} ({self.low:,.{digits}f}–{self.high:,.{digits}f})"


def compute_spread(values: Sequence[float]) -> Spread:
    """Return the spread of the values. Raise ValueError for no values."""
    return Spread(statistics.median(values), min(values), max(values))


def compute_ratios(values: Sequence[float], baseline: Sequence[float]) -> Spread:
    """Return the spread of each round's figure divided by the baseline's in that round."""
    return compute_spread([value / base for value, base in zip(values, baseline, strict=True)])


def measure_in_turn(contenders: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Return the figures of each contender by round.

    Every other round runs backwards, so that none always follows the same one.
    """
    found: dict[str, list[T]] = {name: [] for name in contenders}
    for number in range(rounds):
        names = list(contenders) if number % 2 == 0 else list(contenders)[::-1]
        for name in names:
            found[name].append(contenders[name]())
    return found


def compute_percentile(values: Sequence[float], share: float) -> float:
    """Return the value that this share (0 to 1) of them doesn't exceed; 0 without values."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] if ordered else 0.0


def render_table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table as in docs/performance.md: the first column has names, the others figures."""
    lines = [heads, ["---", *["---:"] * (len(heads) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
