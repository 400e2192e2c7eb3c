"""An index of name patterns that finds matches without trying each pattern.

Every build is matched against all subscriptions, so trying each of thousands would dominate the cost of a webhook.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

T = TypeVar("T")
_WILD = re.compile(r"[*?\[]")
_LAST_WILD = re.compile(r"[*?\[\]][^*?\[\]]*\Z")


def is_literal(glob: str) -> bool:
    """Return whether a pattern has no wildcard, so that it matches a single name."""
    return _WILD.search(glob) is None


class GlobMap(Generic[T]):
    """Maps patterns to values; `make` creates the value of a new pattern.

    Patterns without wildcards are found by name, others by the text before the first or after the last wildcard.
    Only patterns that begin and end with a wildcard are tried in turn.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[str, T] = {}
        self._beginnings: dict[str, list[str]] = {}
        self._endings: dict[str, list[str]] = {}
        self._others: list[str] = []
        self._lengths: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())

    def get_or_make(self, glob: str) -> T:
        """Return the value of a pattern, creating it if the pattern is new."""
        if glob not in self._values:
            self._values[glob] = self._make()
            if not is_literal(glob):
                self._index(glob)
        return self._values[glob]

    def find_matches(self, name: str) -> Iterator[T]:
        """Yield the values of all patterns that match a name."""
        if name in self._values and is_literal(name):
            yield self._values[name]
        for glob in self._find_candidates(name):
            if fnmatchcase(name, glob):
                yield self._values[glob]

    def _find_candidates(self, name: str) -> Iterator[str]:
        beginnings, endings = self._lengths
        for length in beginnings:
            yield from self._beginnings.get(name[:length], ()) if length <= len(name) else ()
        for length in endings:
            yield from self._endings.get(name[-length:], ()) if length <= len(name) else ()
        yield from self._others

    def _index(self, glob: str) -> None:
        beginning = _WILD.split(glob, maxsplit=1)[0]
        ending = (_LAST_WILD.search(glob) or [""])[0][1:]
        if beginning:
            self._beginnings.setdefault(beginning, []).append(glob)
        elif ending:
            self._endings.setdefault(ending, []).append(glob)
        else:
            self._others.append(glob)
        self._lengths = frozenset(map(len, self._beginnings)), frozenset(map(len, self._endings))
