"""Finds list entries by typed text, for menus and for objects that people refer to by name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from bot.buildkite.endpoints.organization import Team
from bot.buildkite.resources import Agent, Cluster, Pipeline, PlacedQueue
from bot.errors import Ambiguous, NotFound
from bot.runtime.wording import find_near, join_or

T = TypeVar("T")
Option = tuple[str, str]
MENU_LIMIT = 100
SIMILAR_LIMIT = 3


def format_agent_option(agent: Agent) -> Option:
    """Return an agent's menu option, labelled with its name, the start of its ID, and its host or queue."""
    place = agent.hostname or agent.queue or ""
    return f"{agent.name} ({agent.id[:8]}{', ' if place else ''}{place})", agent.id


def format_team_option(team: Team) -> Option | None:
    """Return a team's menu option; None for a secret team, which menus must not reveal."""
    return (team.name, team.slug) if team.privacy != "secret" else None


def format_queue_option(placed: PlacedQueue) -> Option:
    """Return a queue's menu option, labelled with its key and cluster."""
    return f"{placed.queue.key} ({placed.cluster.name})", placed.queue.id


class Menu(Generic[T]):
    """Keeps the options of a list sorted, for as long as the same list is searched.

    `to_option(entry)` returns (label, value), or None for an entry that isn't offered.
    """

    def __init__(self, to_option: Callable[[T], Option | None]) -> None:
        self._to_option = to_option
        self._source: Sequence[T] | None = None
        self._sorted_options: list[tuple[str, Option]] = []

    def find_options(self, typed: str, entries: Sequence[T]) -> tuple[Option, ...]:
        """Return at most 100 options of `entries`, those that start with the typed text first."""
        if entries is not self._source:
            self._sorted_options = _sort_options(option for option in map(self._to_option, entries) if option)
            self._source = entries
        return _find_options(typed, self._sorted_options)


def rank_options(typed: str, options: Iterable[Option]) -> tuple[Option, ...]:
    """Return the options whose label contains `typed` in any case, those that start with it first."""
    return _find_options(typed, _sort_options(options))


def _sort_options(options: Iterable[Option]) -> list[tuple[str, Option]]:
    return sorted((option[0].lower(), option) for option in options)


def _find_options(typed: str, options: list[tuple[str, Option]]) -> tuple[Option, ...]:
    """Find options by bisection: in a sorted list, labels with the same start are adjacent."""
    typed_lower = typed.strip().lower()
    first = bisect_left(options, typed_lower, key=lambda pair: pair[0])
    found = [option for label, option in options[first : first + MENU_LIMIT] if label.startswith(typed_lower)]
    if len(found) < MENU_LIMIT:
        found += [
            option for label, option in options if typed_lower in label and not label.startswith(typed_lower)
        ]
    return tuple(found[:MENU_LIMIT])


def suggest_names(typed: str, names: Iterable[str], longest: int) -> tuple[Option, ...]:
    """Return matching names in order, without duplicates; the typed text comes first, as it may be a new name."""
    entered = typed.strip()
    fitting = (name for name in names if entered.lower() in name.lower())
    kept = dict.fromkeys(name for name in (entered, *fitting) if 0 < len(name) <= longest)
    return tuple((name, name) for name in kept)[:MENU_LIMIT]


_PREFIX = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)


def find_pipeline(pipelines: Iterable[Pipeline], text: str) -> Pipeline | None:
    """Find a pipeline by slug, else by name, in any case."""
    known = tuple(pipelines)
    by_name = {pipeline.name.lower(): pipeline for pipeline in known}
    by_slug = {pipeline.slug.lower(): pipeline for pipeline in known}
    return (by_name | by_slug).get(text.lower())


def find_named(kind: str, text: str, known: Iterable[T], names: Callable[[T], tuple[str, ...]]) -> T:
    """Find the first object with this name in any case. Raise NotFound with similar ones of their first names."""
    objects = tuple(known)
    for candidate in objects:
        if text.lower() in [name.lower() for name in names(candidate)]:
            return candidate
    raise NotFound(
        f"There's no {kind} “{text}”.",
        suggest_similar(find_similar(text, [names(candidate)[0] for candidate in objects])),
    )


def find_cluster(clusters: Sequence[Cluster], text: str) -> Cluster:
    """Find a cluster by UUID, or by name in any case. Raise Ambiguous or NotFound."""
    matches = [cluster for cluster in clusters if text == cluster.id or text.lower() == cluster.name.lower()]
    if len(matches) == 1:
        return matches[0]
    if matches:
        options = tuple((f"{cluster.name} ({cluster.id[:8]})", cluster.id) for cluster in matches)
        raise Ambiguous(f"Several clusters are called “{text}”.", "cluster", options)
    hint = suggest_similar(find_similar(text, [cluster.name for cluster in clusters]))
    raise NotFound(f"There's no cluster “{text}”.", hint)


def find_queue(queues: Sequence[PlacedQueue], text: str) -> PlacedQueue:
    """Find a queue by UUID, or by key in any cluster. Raise Ambiguous or NotFound."""
    matches = [placed for placed in queues if text in (placed.queue.id, placed.queue.key)]
    if len(matches) == 1:
        return matches[0]
    if matches:
        raise Ambiguous(
            f"Several clusters have a queue “{text}”.", "queue", tuple(map(format_queue_option, matches))
        )
    hint = suggest_similar(find_similar(text, [placed.queue.key for placed in queues]))
    raise NotFound(f"There's no queue “{text}”.", hint)


def match_agents(agents: Iterable[Agent], text: str) -> tuple[Agent, ...]:
    """Return the agents whose ID or exact name is `text`, else those whose ID starts with it."""
    known = tuple(agents)
    exact = tuple(agent for agent in known if text in (agent.id, agent.name))
    if exact or not _PREFIX.fullmatch(text):
        return exact
    return tuple(agent for agent in known if agent.id.lower().startswith(text.lower()))


def find_similar(typed: str, names: Iterable[str]) -> tuple[str, ...]:
    """Return at most three names that are nearly `typed`, or begin with it, in any case."""
    by_case = {name.lower(): name for name in names}
    beginnings = sorted(name for name in by_case if len(typed) > 1 and name.startswith(typed.lower()))
    found = dict.fromkeys([*find_near(typed, by_case), *beginnings])
    return tuple(by_case[name] for name in found)[:SIMILAR_LIMIT]


def suggest_similar(names: tuple[str, ...]) -> str:
    """Return a hint that suggests these names; empty without any."""
    return f"Did you mean {join_or(names)}?" if names else ""
