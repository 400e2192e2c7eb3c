"""Patterns of names, kept so that finding those that fit a name does not mean trying each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fnmatch import fnmatchcase
from typing import Generic, TypeVar

T = TypeVar("T")
_WILD = re.compile(r"[*?\[]")
_LAST_WILD = re.compile(r"[*?\[\]][^*?\[\]]*\Z")


def literal(glob: str) -> bool:
    """Whether a pattern fits one name alone."""
    return _WILD.search(glob) is None


class Globs(Generic[T]):
    """One value for each pattern; `make` gives the value of a pattern that is new.

    Patterns without wildcards are found by their name, others by what they begin or end with. Only those that
    begin and end with a wildcard are tried one by one.
    """

    def __init__(self, make: Callable[[], T]) -> None:
        self._make = make
        self._values: dict[str, T] = {}
        self._beginnings: dict[str, list[str]] = {}
        self._endings: dict[str, list[str]] = {}
        self._others: list[str] = []
        self._lengths: tuple[frozenset[int], frozenset[int]] = (frozenset(), frozenset())

    def at(self, glob: str) -> T:
        """The value of a pattern."""
        if glob not in self._values:
            self._values[glob] = self._make()
            if not literal(glob):
                self._file(glob)
        return self._values[glob]

    def fitting(self, name: str) -> Iterator[T]:
        """The values of all patterns that fit a name."""
        if name in self._values and literal(name):
            yield self._values[name]
        for glob in self._likely(name):
            if fnmatchcase(name, glob):
                yield self._values[glob]

    def _likely(self, name: str) -> Iterator[str]:
        beginnings, endings = self._lengths
        for length in beginnings:
            yield from self._beginnings.get(name[:length], ()) if length <= len(name) else ()
        for length in endings:
            yield from self._endings.get(name[-length:], ()) if length <= len(name) else ()
        yield from self._others

    def _file(self, glob: str) -> None:
        beginning = _WILD.split(glob, maxsplit=1)[0]
        ending = (_LAST_WILD.search(glob) or [""])[0][1:]
        if beginning:
            self._beginnings.setdefault(beginning, []).append(glob)
        elif ending:
            self._endings.setdefault(ending, []).append(glob)
        else:
            self._others.append(glob)
        self._lengths = frozenset(map(len, self._beginnings)), frozenset(map(len, self._endings))
