"""What menus offer: the entries of a list that fit what was typed, found in memory."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
Option = tuple[str, str]
MENU = 100


class Menu(Generic[T]):
    """Remembers the entries of a list in order, for as long as the list is the same.

    `entry(one)` is (label, value), or None for what is not offered.
    """

    def __init__(self, entry: Callable[[T], Option | None]) -> None:
        self._entry = entry
        self._of: Sequence[T] | None = None
        self._sorted: list[tuple[str, Option]] = []

    def fitting(self, typed: str, listed: Sequence[T]) -> tuple[Option, ...]:
        """At most 100 (label, value) of `listed`: first those that begin with what was typed."""
        if listed is not self._of:
            self._sorted = _sorted(option for option in map(self._entry, listed) if option)
            self._of = listed
        return _fitting(typed, self._sorted)


def ranked(typed: str, options: Iterable[Option]) -> tuple[Option, ...]:
    """The options whose label contains `typed`, whatever its case: those that begin with it come first."""
    return _fitting(typed, _sorted(options))


def _sorted(options: Iterable[Option]) -> list[tuple[str, Option]]:
    return sorted((option[0].lower(), option) for option in options)


def _fitting(typed: str, options: list[tuple[str, Option]]) -> tuple[Option, ...]:
    """In an ordered list those that begin with a word stand together."""
    word = typed.strip().lower()
    first = bisect_left(options, word, key=lambda pair: pair[0])
    found = [option for label, option in options[first : first + MENU] if label.startswith(word)]
    if len(found) < MENU:
        found += [option for label, option in options if word in label and not label.startswith(word)]
    return tuple(found[:MENU])


def recent(typed: str, names: Iterable[str], longest: int) -> tuple[Option, ...]:
    """Names in the order given, each once, those that fit; first what was typed, for it may be a new one."""
    word = typed.strip()
    fitting = (name for name in names if word.lower() in name.lower())
    kept = dict.fromkeys(name for name in (word, *fitting) if 0 < len(name) <= longest)
    return tuple((name, name) for name in kept)[:MENU]
