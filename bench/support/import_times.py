"""What `-X importtime` says of a start, by library."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

_LINE = re.compile(r"import time: +(\d+) \| +\d+ \| *(\S+)")
OWN_PACKAGES = frozenset({"bot", "commands", "webhooks"})


class Import(NamedTuple):
    """A library: the milliseconds of its modules without what they import of others, and how many they are."""

    name: str
    milliseconds: float
    modules: int


def parse_import_times(said: str) -> dict[str, int]:
    """Microseconds of each module by itself, of one run."""
    return {found[2]: int(found[1]) for found in _LINE.finditer(said)}


def take_minimum(runs: Iterable[dict[str, int]]) -> dict[str, int]:
    """Of several runs the least that was seen of each module: noise only ever adds."""
    least: dict[str, int] = {}
    for run in runs:
        for name, micros in run.items():
            least[name] = min(least.get(name, micros), micros)
    return least


def sum_by_library(least: dict[str, int], standard: frozenset[str]) -> list[Import]:
    """Costliest first; what comes with Python is one row, and so is what is ours."""
    cost: Counter[str] = Counter()
    count: Counter[str] = Counter()
    for name, micros in least.items():
        library = _find_library(name.partition(".")[0], standard)
        cost[library] += micros
        count[library] += 1
    return [Import(name, micros / 1000, count[name]) for name, micros in cost.most_common()]


def _find_library(top: str, standard: frozenset[str]) -> str:
    if top in OWN_PACKAGES:
        return "Kitestring itself"
    if top in standard or top.startswith("_") or top == "encodings":
        return "Python’s own library"
    return top
