"""Finds operations by what someone wants to do."""

from __future__ import annotations

import re
from collections.abc import Iterable

from bot.operations.operation import Operation

_WORD = re.compile(r"[a-z0-9]+")
_ENDING = re.compile(r"(?:ing|ed|es|s|e)$")
# Words in every intent that say nothing about the operation.
_FILLERS = frozenset(
    "a an and do for from how i in is it me my of on or please show that the this to want with".split()  # noqa: SIM905
)
# A word of the name says more than one of the description.
_NAME_WEIGHT = 4
_FURTHER_NAME_WEIGHT = 3
_SUMMARY_WEIGHT = 2
_EXAMPLE_WEIGHT = 1


def search_operations(intent: str, operations: Iterable[Operation], limit: int) -> tuple[Operation, ...]:
    """Return the operations that fit an intent, the best first; those that share no word with it are left out."""
    wanted = _split(intent)
    ranked = [(_rate(op, wanted), op) for op in operations]
    best = sorted((entry for entry in ranked if entry[0]), key=lambda entry: (-entry[0], entry[1].name))
    return tuple(op for _rating, op in best[:limit])


def _rate(op: Operation, wanted: frozenset[str]) -> int:
    fields = (
        (_NAME_WEIGHT, _split(op.name)),
        (_FURTHER_NAME_WEIGHT, _split(" ".join((*op.also, *op.former, op.label, op.phrase)))),
        (_SUMMARY_WEIGHT, _split(op.summary)),
        (_EXAMPLE_WEIGHT, _split(" ".join(op.examples))),
    )
    return sum(max((weight for weight, words in fields if word in words), default=0) for word in wanted)


def _split(text: str) -> frozenset[str]:
    words = _WORD.findall(text.lower())
    return frozenset(_reduce(word) for word in words if word not in _FILLERS)


def _reduce(word: str) -> str:
    """Return the stem of a word, so that `pausing` finds `pause`."""
    return _ENDING.sub("", word) if len(word) > 4 else word.removesuffix("s") if len(word) > 3 else word
