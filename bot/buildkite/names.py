"""Which of the things there are a word may mean, by slug, name or id."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable
from typing import TypeVar

from bot.core.words import either
from bot.errors import NotFound
from bot.model import Agent, Pipeline

T = TypeVar("T")
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
    for one in everything:
        if text.lower() in [name.lower() for name in names(one)]:
            return one
    raise NotFound(
        f"There is no {kind} “{text}”.", did_you_mean(near(text, [names(one)[0] for one in everything]))
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
    return f"Did you mean {either(names)}?" if names else ""
