"""Offers names to people in menus, suggestions and choices: only those that the person may read.

Nothing else offers names, as `.importlinter` sees to it. The filter comes from the policy, unknown to this room.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Generic, TypeVar

from bot.buildkite.naming import MayName, NameKind, Option
from bot.errors import Ambiguous, UsageError
from bot.runtime.wording import find_near, join_or

T = TypeVar("T")
MENU_LIMIT = 100
_SUGGESTIONS_LIMIT = 3


class Menu(Generic[T]):
    """Keeps the options of a list sorted, for as long as the same list is searched.

    `to_option(entry)` returns (label, value), or None for an entry that isn't offered; `get_name` its name.
    """

    def __init__(
        self, kind: NameKind, to_option: Callable[[T], Option | None], get_name: Callable[[T], str]
    ) -> None:
        self.kind: NameKind = kind
        self._to_option = to_option
        self._get_name = get_name
        self._source: Sequence[T] | None = None
        self._sorted_options: list[tuple[str, Option, str]] = []

    def find_options(self, typed: str, entries: Sequence[T], may_name: MayName) -> tuple[Option, ...]:
        """Return at most 100 options of `entries`, those that start with the typed text first."""
        if entries is not self._source:
            self._sorted_options = sorted(self._list_options(entries))
            self._source = entries
        matching = find_matching(typed, self._sorted_options)
        return tuple(islice((option for option, name in matching if may_name(self.kind, name)), MENU_LIMIT))

    def _list_options(self, entries: Iterable[T]) -> Iterator[tuple[str, Option, str]]:
        for entry in entries:
            option = self._to_option(entry)
            if option:
                yield option[0].lower(), option, self._get_name(entry)


def find_matching(typed: str, options: Sequence[tuple[str, Option, str]]) -> Iterator[tuple[Option, str]]:
    """Yield options and names whose label contains the typed text in any case, first those that start with it.

    In a sorted list, labels with the same start are adjacent: they are found by bisection.
    """
    typed_lower = typed.strip().lower()
    first = bisect_left(options, typed_lower, key=lambda entry: entry[0])
    for label, option, name in islice(options, first, None):
        if not label.startswith(typed_lower):
            break
        yield option, name
    for label, option, name in options:
        if typed_lower in label and not label.startswith(typed_lower):
            yield option, name


def list_names(typed: str, names: Iterable[str], longest: int) -> tuple[Option, ...]:
    """Return matching names in order, without duplicates; the typed text comes first, as it may be a new name."""
    entered = typed.strip()
    fitting = (name for name in names if entered.lower() in name.lower())
    kept = dict.fromkeys(name for name in (entered, *fitting) if 0 < len(name) <= longest)
    return tuple((name, name) for name in kept)[:MENU_LIMIT]


def find_similar(typed: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return at most three names that are nearly `typed`, or begin with it, in any case."""
    by_case = {name.lower(): name for name in names}
    beginnings = sorted(name for name in by_case if len(typed) > 1 and name.startswith(typed.lower()))
    found = dict.fromkeys([*find_near(typed, by_case), *beginnings])
    return tuple(by_case[name] for name in found)[:_SUGGESTIONS_LIMIT]


def suggest_similar(kind: NameKind, typed: str, names: Iterable[str], may_name: MayName) -> str:
    """Return a hint that suggests similar names; empty if the person may be shown none."""
    found = find_similar(typed, [name for name in names if may_name(kind, name)])
    return f"Did you mean {join_or(found)}?" if found else ""


def make_choice_error(
    kind: NameKind, message: str, options: Iterable[tuple[Option, str]], may_name: MayName
) -> UsageError:
    """Return the error that offers (option, name) pairs to choose from, if the person may be shown any."""
    shown = tuple(option for option, name in options if may_name(kind, name))
    return Ambiguous(message, kind, shown) if shown else UsageError(message, "Give its ID.", kind)
