"""What menus offer: the entries of a list that fit what was typed, found in memory."""

from __future__ import annotations

import difflib
import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from bot.buildkite.models import Agent, Pipeline
from bot.errors import NotFound
from bot.runtime.wording import join_or

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


_PREFIX = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)


def called(pipelines: Iterable[Pipeline], word: str) -> Pipeline | None:
    """The pipeline of that slug, else of that name, whatever their case."""
    known = tuple(pipelines)
    by_name = {pipeline.name.lower(): pipeline for pipeline in known}
    by_slug = {pipeline.slug.lower(): pipeline for pipeline in known}
    return (by_name | by_slug).get(word.lower())


def one_called(kind: str, text: str, known: Iterable[T], names: Callable[[T], tuple[str, ...]]) -> T:
    """The first that is called so, in any case. Raises NotFound with what is near among their first names."""
    everything = tuple(known)
    for item in everything:
        if text.lower() in [name.lower() for name in names(item)]:
            return item
    raise NotFound(
        f"There is no {kind} “{text}”.", did_you_mean(near(text, [names(item)[0] for item in everything]))
    )


def matching(agents: Iterable[Agent], text: str) -> tuple[Agent, ...]:
    """The agents that `text` may mean: by id or exact name, else by the beginning of the id."""
    known = tuple(agents)
    exact = tuple(agent for agent in known if text in (agent.id, agent.name))
    if exact or not _PREFIX.fullmatch(text):
        return exact
    return tuple(agent for agent in known if agent.id.lower().startswith(text.lower()))


def near(typed: str, names: Iterable[str]) -> tuple[str, ...]:
    """At most three names that look like `typed`, nearest first, whatever their case."""
    by_case = {name.lower(): name for name in names}
    return tuple(by_case[name] for name in difflib.get_close_matches(typed.lower(), by_case, cutoff=0.5))


def did_you_mean(names: tuple[str, ...]) -> str:
    """A hint with these names; empty without any."""
    return f"Did you mean {join_or(names)}?" if names else ""
