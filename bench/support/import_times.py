"""Import times of a start, by library, from `-X importtime`."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

_LINE = re.compile(r"import time: +(\d+) \| +\d+ \| *(\S+)")
OWN_PACKAGES = frozenset({"bot", "commands", "webhooks"})


class Import(NamedTuple):
    """A library: milliseconds of its modules without their imports of other modules, and how many they are."""

    name: str
    milliseconds: float
    modules: int


def parse_import_times(output: str) -> dict[str, int]:
    """Return the own microseconds of each module of one run."""
    return {found[2]: int(found[1]) for found in _LINE.finditer(output)}


def take_minimum(runs: Iterable[dict[str, int]]) -> dict[str, int]:
    """Return the minimum for each module over several runs; noise only ever adds."""
    least: dict[str, int] = {}
    for run in runs:
        for name, micros in run.items():
            least[name] = min(least.get(name, micros), micros)
    return least


def sum_by_library(least: dict[str, int], standard: frozenset[str]) -> list[Import]:
    """Return the sums by library, costliest first; Python's own library is one row, and so is ours."""
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
