"""The pipelines and agents there are, remembered for a short while."""

from __future__ import annotations

import asyncio
import difflib
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Generic, NamedTuple, TypeVar

from bot.buildkite.client import Buildkite
from bot.buildkite.resources import Cluster
from bot.buildkite.teams import Team
from bot.buildkite.templates import PipelineTemplate
from bot.clock import Clock
from bot.core.words import either
from bot.errors import Ambiguous, NotFound, Unavailable
from bot.model import Agent, Pipeline, Queue

T = TypeVar("T")

PIPELINES_FOR = 60.0
AGENTS_FOR = 15.0
QUEUES_FOR = 60.0
SLUGS_FOR = 600.0
MEMBERS_FOR = 600.0
MENU = 100
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.IGNORECASE)
_PREFIX = re.compile(r"[0-9a-f-]{4,36}", re.IGNORECASE)


class _Shelf(Generic[T]):
    """A list that is read again when it is older than `seconds`, by one reader at a time."""

    def __init__(self, read: Callable[[], Awaitable[tuple[T, ...]]], seconds: float, clock: Clock) -> None:
        self._read = read
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._kept: tuple[T, ...] | None = None
        self._until = 0.0

    async def get(self) -> tuple[T, ...]:
        """The list; an old one when Buildkite is not available."""
        async with self._lock:
            if self._kept is None or self._clock.monotonic() >= self._until:
                self._kept = await self._fresh()
                self._until = self._clock.monotonic() + self._seconds
            return self._kept

    def peek(self, seconds: float) -> tuple[T, ...]:
        """What is remembered, if it is at most that old; nothing is read."""
        read_at = self._until - self._seconds
        recent = self._kept is not None and self._clock.monotonic() < read_at + seconds
        return self._kept or () if recent else ()

    def forget(self) -> None:
        """Read again next time."""
        self._until = 0.0

    def drop(self) -> None:
        """Forget what is remembered as well."""
        self._kept, self._until = None, 0.0

    async def _fresh(self) -> tuple[T, ...]:
        try:
            return await self._read()
        except Unavailable:
            if self._kept is None:
                raise
            return self._kept


class Placed(NamedTuple):
    """A queue, and the cluster that it is in."""

    cluster: Cluster
    queue: Queue


class Catalog:
    """Finds pipelines and agents by what people call them."""

    def __init__(self, buildkite: Buildkite, clock: Clock) -> None:
        self._buildkite = buildkite
        self._pipelines = _Shelf(self._read_pipelines, PIPELINES_FOR, clock)
        self._agents = _Shelf(self._read_agents, AGENTS_FOR, clock)
        self._clusters = _Shelf(self._read_clusters, QUEUES_FOR, clock)
        self._queues = _Shelf(self._read_queues, QUEUES_FOR, clock)
        self._teams = _Shelf(self._read_teams, MEMBERS_FOR, clock)
        self._templates = _Shelf(self._read_templates, MEMBERS_FOR, clock)
        self._members = _Shelf(buildkite.members, MEMBERS_FOR, clock)

    async def pipelines(self) -> tuple[Pipeline, ...]:
        """Those that are not archived, at most a minute old."""
        return await self._pipelines.get()

    async def agents(self) -> tuple[Agent, ...]:
        """Those that are connected or stopping, at most 15 seconds old."""
        return await self._agents.get()

    async def clusters(self) -> tuple[Cluster, ...]:
        """All of them, at most a minute old."""
        return await self._clusters.get()

    async def queues(self) -> tuple[Placed, ...]:
        """The queues of all clusters, at most a minute old."""
        return await self._queues.get()

    def forget_pipelines(self) -> None:
        """A pipeline was just made, changed or deleted: read again, and believe nothing that is remembered."""
        self._pipelines.drop()

    async def find_team(self, text: str) -> Team:
        """The team of that slug, name or UUID. Raises NotFound with near slugs, or Refused."""
        known = await self._teams.get()
        return _one("team", text, known, lambda team: (team.slug, team.name, team.id))

    async def find_template(self, text: str) -> PipelineTemplate:
        """The pipeline template of that name or UUID. Raises NotFound with near names, or Refused."""
        known = await self._templates.get()
        return _one("pipeline template", text, known, lambda template: (template.name, template.uuid))

    def forget_queues(self) -> None:
        """A queue was just changed: read again."""
        self._queues.forget()

    async def find_cluster(self, text: str) -> Cluster:
        """The cluster of that UUID, or of that name whatever its case. Raises Ambiguous or NotFound."""
        known = await self.clusters()
        found = [one for one in known if text == one.id or text.lower() == one.name.lower()]
        if len(found) == 1:
            return found[0]
        if found:
            options = tuple((f"{one.name} ({one.id[:8]})", one.id) for one in found)
            raise Ambiguous(f"Several clusters are called “{text}”.", "cluster", options)
        raise NotFound(f"There is no cluster “{text}”.", _did_you_mean(near(text, [one.name for one in known])))

    async def find_queue(self, text: str) -> Placed:
        """The queue of that UUID, or of that key in whatever cluster has one. Raises Ambiguous or NotFound."""
        known = await self.queues()
        found = [one for one in known if text in (one.queue.id, one.queue.key)]
        if len(found) == 1:
            return found[0]
        if found:
            options = tuple((f"{one.queue.key} ({one.cluster.name})", one.queue.id) for one in found)
            raise Ambiguous(f"Several clusters have a queue “{text}”.", "queue", options)
        hint = _did_you_mean(near(text, [one.queue.key for one in known]))
        raise NotFound(f"There is no queue “{text}”.", hint)

    async def user_of(self, email: str) -> str | None:
        """The UUID of the member with that address; raises Refused where members may not be listed."""
        for member in await self._members.get():
            if member.id and (member.email or "").lower() == email.lower():
                return member.id
        return None

    def forget_agents(self) -> None:
        """An agent was just changed: read again."""
        self._agents.forget()

    async def near_pipelines(self, slug: str) -> tuple[str, ...]:
        """The slugs that look like `slug`, nearest first, at most three."""
        return near(slug, [pipeline.slug for pipeline in await self.pipelines()])

    async def find_pipeline(self, slug: str) -> Pipeline:
        """The pipeline of that slug or name, whatever their case; raises NotFound with near slugs.

        One that was seen within ten minutes is taken from memory; one that is in no list is asked for.
        """
        known = self._pipelines.peek(SLUGS_FOR)
        found = called(known, slug) or called(await self.pipelines(), slug)
        return found or await self._unlisted(slug)

    async def _unlisted(self, slug: str) -> Pipeline:
        try:
            if _SLUG.fullmatch(slug):
                return await self._buildkite.pipeline(slug)
        except NotFound:
            pass
        raise NotFound(f"There is no pipeline “{slug}”.", _did_you_mean(await self.near_pipelines(slug)))

    async def find_agent(self, text: str) -> Agent:
        """The agent of that id, unique id prefix (4 characters or more) or exact name.

        Raises Ambiguous with the choices, or NotFound with near names. An agent that is not in the list
        (stopped, lost) is found by its whole id.
        """
        known = await self.agents()
        found = matching(known, text)
        if len(found) == 1:
            return found[0]
        if found:
            raise Ambiguous(f"Several agents fit “{text}”.", "agent", tuple(map(_option, found)))
        if _UUID.fullmatch(text):
            return await self._buildkite.agent(text)
        hint = _did_you_mean(near(text, [agent.name for agent in known]))
        raise NotFound(f"There is no connected agent “{text}”.", hint)

    async def suggest(self, kind: str, typed: str) -> tuple[tuple[str, str], ...]:
        """(label, value) pairs for a menu of that kind of thing: at most 100, the likeliest first."""
        if kind == "pipeline":
            return ranked(typed, [(pipeline.slug, pipeline.slug) for pipeline in await self.pipelines()])
        if kind == "agent":
            return ranked(typed, [_option(agent) for agent in await self.agents()])
        if kind == "queue":
            return ranked(typed, [(f"{key} ({name})", id_) for key, name, id_ in map(_keyed, await self.queues())])
        if kind == "cluster":
            return ranked(typed, [(one.name, one.id) for one in await self.clusters()])
        if kind == "team":
            shown = [team for team in await self._teams.get() if team.privacy != "secret"]
            return ranked(typed, [(team.name, team.slug) for team in shown])
        if kind == "template":
            return ranked(typed, [(one.name, one.uuid) for one in await self._templates.get()])
        return ()

    async def _read_pipelines(self) -> tuple[Pipeline, ...]:
        return tuple([found async for found in self._buildkite.pipelines() if found.archived_at is None])

    async def _read_clusters(self) -> tuple[Cluster, ...]:
        return tuple([found async for found in self._buildkite.clusters()])

    async def _read_queues(self) -> tuple[Placed, ...]:
        clusters = await self.clusters()
        return tuple([Placed(one, found) for one in clusters async for found in self._buildkite.queues(one.id)])

    async def _read_teams(self) -> tuple[Team, ...]:
        return tuple([found async for found in self._buildkite.teams()])

    async def _read_templates(self) -> tuple[PipelineTemplate, ...]:
        return tuple([found async for found in self._buildkite.templates()])

    async def _read_agents(self) -> tuple[Agent, ...]:
        return tuple([found async for found in self._buildkite.agents()])


def called(pipelines: Iterable[Pipeline], word: str) -> Pipeline | None:
    """The pipeline of that slug, else of that name, whatever their case."""
    known = tuple(pipelines)
    by_name = {pipeline.name.lower(): pipeline for pipeline in known}
    by_slug = {pipeline.slug.lower(): pipeline for pipeline in known}
    return (by_name | by_slug).get(word.lower())


def _one(kind: str, text: str, known: Iterable[T], names: Callable[[T], tuple[str, ...]]) -> T:
    """The first that is called so, in any case. Raises NotFound with what is near among their first names."""
    everything = tuple(known)
    for one in everything:
        if text.lower() in [name.lower() for name in names(one)]:
            return one
    raise NotFound(
        f"There is no {kind} “{text}”.", _did_you_mean(near(text, [names(one)[0] for one in everything]))
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


def ranked(typed: str, options: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """The options whose label contains `typed`, whatever its case: those that begin with it come first."""
    word = typed.strip().lower()
    fitting = [option for option in options if word in option[0].lower()]
    fitting.sort(key=lambda option: (not option[0].lower().startswith(word), option[0].lower()))
    return tuple(fitting[:MENU])


def _option(agent: Agent) -> tuple[str, str]:
    place = agent.hostname or agent.queue or ""
    return f"{agent.name} ({agent.id[:8]}{', ' if place else ''}{place})", agent.id


def _keyed(one: Placed) -> tuple[str, str, str]:
    return one.queue.key, one.cluster.name, one.queue.id


def _did_you_mean(names: tuple[str, ...]) -> str:
    return f"Did you mean {either(names)}?" if names else ""
