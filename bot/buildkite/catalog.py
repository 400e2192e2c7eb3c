"""The pipelines and agents there are, remembered for a short while."""

from __future__ import annotations

import math
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import NamedTuple, TypeVar

from bot.buildkite.cache import CachedList
from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.organization import PipelineTemplate, Team
from bot.buildkite.models import Agent, Pipeline, Queue
from bot.buildkite.name_lookup import MENU, Menu, Option, called, did_you_mean, matching, near, one_called, recent
from bot.buildkite.resources import Cluster
from bot.errors import Ambiguous, NotFound, Unavailable
from bot.runtime.clock import Clock

T = TypeVar("T")
PIPELINES_FOR = 60.0
AGENTS_FOR = 15.0
QUEUES_FOR = 60.0
SLUGS_FOR = 600.0
MEMBERS_FOR = 600.0
BRANCHES_FOR = 60.0
# A value of a menu takes 150 characters; so many pipelines' branches are remembered.
_BRANCH = 150
_SHELVES = 50
# Four requests: whoever waits for one pipeline does not pay for the list of thousands.
_MANY = 400
Offer = Callable[[str], Awaitable[tuple[Option, ...]]]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.IGNORECASE)


class _TooMany(Unavailable):
    """More pipelines than a person's request may read."""


class Placed(NamedTuple):
    """A queue, and the cluster that it is in."""

    cluster: Cluster
    queue: Queue


class Catalog:
    """Finds pipelines and agents by what people call them."""

    def __init__(self, buildkite: Buildkite, clock: Clock) -> None:
        self._buildkite = buildkite
        slowly = partial(self._read_pipelines, patient=True)
        self._pipelines = CachedList(self._read_pipelines, PIPELINES_FOR, clock, slowly)
        self._agents = CachedList(self._read_agents, AGENTS_FOR, clock)
        self._clusters = CachedList(self._read_clusters, QUEUES_FOR, clock)
        self._queues = CachedList(self._read_queues, QUEUES_FOR, clock)
        self._teams = CachedList(self._read_teams, MEMBERS_FOR, clock)
        self._templates = CachedList(self._read_templates, MEMBERS_FOR, clock)
        self._branches: dict[str | None, CachedList[str]] = {}
        self._many = False
        self._clock = clock
        self._menus: dict[str, Offer] = {
            "pipeline": self._offer(self._pipelines, lambda item: (item.slug, item.slug)),
            "agent": self._offer(self._agents, _option),
            "queue": self._offer(self._queues, _placed),
            "cluster": self._offer(self._clusters, lambda item: (item.name, item.id)),
            "team": self._offer(self._teams, _open_team),
            "template": self._offer(self._templates, lambda item: (item.name, item.uuid)),
        }
        self._members = CachedList(buildkite.members, MEMBERS_FOR, clock)

    async def pipelines(self) -> tuple[Pipeline, ...]:
        """Those that are not archived, at most a minute old; of very many, those that were there a while ago.

        Very many are read with the patience of the background: a person's would not do for so many requests.
        """
        try:
            return await (self._pipelines.soon() if self._many else self._pipelines.get())
        except _TooMany:
            return await self._pipelines.soon()

    async def _at_hand(self) -> tuple[Pipeline, ...]:
        """The same where they are not very many; else what is remembered, while it is read again behind."""
        if not self._many:
            with suppress(_TooMany):
                return await self._pipelines.get()
        self._pipelines.refresh()
        return self._pipelines.peek(math.inf)

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
        return one_called("team", text, known, lambda team: (team.slug, team.name, team.id))

    async def find_template(self, text: str) -> PipelineTemplate:
        """The pipeline template of that name or UUID. Raises NotFound with near names, or Refused."""
        known = await self._templates.get()
        return one_called("pipeline template", text, known, lambda template: (template.name, template.uuid))

    def forget_queues(self) -> None:
        """A queue was just changed: read again."""
        self._queues.forget()

    async def find_cluster(self, text: str) -> Cluster:
        """The cluster of that UUID, or of that name whatever its case. Raises Ambiguous or NotFound."""
        known = await self.clusters()
        found = [item for item in known if text == item.id or text.lower() == item.name.lower()]
        if len(found) == 1:
            return found[0]
        if found:
            options = tuple((f"{item.name} ({item.id[:8]})", item.id) for item in found)
            raise Ambiguous(f"Several clusters are called “{text}”.", "cluster", options)
        raise NotFound(f"There is no cluster “{text}”.", did_you_mean(near(text, [item.name for item in known])))

    async def find_queue(self, text: str) -> Placed:
        """The queue of that UUID, or of that key in whatever cluster has one. Raises Ambiguous or NotFound."""
        known = await self.queues()
        found = [item for item in known if text in (item.queue.id, item.queue.key)]
        if len(found) == 1:
            return found[0]
        if found:
            options = tuple((f"{item.queue.key} ({item.cluster.name})", item.queue.id) for item in found)
            raise Ambiguous(f"Several clusters have a queue “{text}”.", "queue", options)
        hint = did_you_mean(near(text, [item.queue.key for item in known]))
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
        return near(slug, [pipeline.slug for pipeline in await self._at_hand()])

    async def find_pipeline(self, slug: str) -> Pipeline:
        """The pipeline of that slug or name, whatever their case; raises NotFound with near slugs.

        One that was seen within ten minutes is taken from memory; one that is in no list is asked for.
        """
        known = self._pipelines.peek(SLUGS_FOR)
        found = called(known, slug) or called(await self._at_hand(), slug)
        return found or await self._unlisted(slug)

    async def _unlisted(self, slug: str) -> Pipeline:
        try:
            if _SLUG.fullmatch(slug):
                return await self._buildkite.pipeline(slug)
        except NotFound:
            pass
        raise NotFound(f"There is no pipeline “{slug}”.", did_you_mean(await self.near_pipelines(slug)))

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
        hint = did_you_mean(near(text, [agent.name for agent in known]))
        raise NotFound(f"There is no connected agent “{text}”.", hint)

    async def suggest(
        self, kind: str, typed: str, pipeline: str | None = None, heard: Iterable[str] = ()
    ) -> tuple[Option, ...]:
        """(label, value) pairs for a menu of that kind of thing: at most 100, the likeliest first.

        What is remembered is offered at once, however old it is. Branches are those of `pipeline`, or of all, then
        those that were `heard` of otherwise.
        """
        if kind == "branch":
            return recent(typed, [*await self.branches(pipeline), *heard], _BRANCH)
        menu = self._menus.get(kind)
        return await menu(typed) if menu else ()

    async def branches(self, pipeline: str | None) -> tuple[str, ...]:
        """The branches of the newest builds of a pipeline, or of all, newest first; its default branch is last."""
        shelf = self._branches.get(pipeline)
        if shelf is None:
            self._branches = dict(list(self._branches.items())[-_SHELVES:])
            shelf = self._branches[pipeline] = CachedList(
                partial(self._read_branches, pipeline), BRANCHES_FOR, self._clock
            )
        return await shelf.soon()

    def _offer(self, shelf: CachedList[T], entry: Callable[[T], Option | None]) -> Offer:
        menu = Menu(entry)

        async def offered(typed: str) -> tuple[Option, ...]:
            return menu.fitting(typed, await shelf.soon())

        return offered

    async def _read_branches(self, pipeline: str | None) -> tuple[str, ...]:
        """One request: a hundred builds name the branches that people work on."""
        newest = await self._buildkite.builds_page(pipeline, size=MENU)
        named = [build.branch for build in newest.items if build.branch]
        default = [item.default_branch for item in await self._pipelines.soon() if item.slug == pipeline]
        return tuple(dict.fromkeys([*named, *filter(None, default)]))

    async def _read_pipelines(self, *, patient: bool = False) -> tuple[Pipeline, ...]:
        listed = self._buildkite.patient().pipelines() if patient else self._buildkite.pipelines(limit=_MANY)
        found = [item async for item in listed]
        if not patient and len(found) == _MANY:
            self._many = True
            raise _TooMany(
                "This organization has too many pipelines to be listed at once.", "Try again in a minute."
            )
        return tuple(item for item in found if item.archived_at is None)

    async def _read_clusters(self) -> tuple[Cluster, ...]:
        return tuple([found async for found in self._buildkite.clusters()])

    async def _read_queues(self) -> tuple[Placed, ...]:
        clusters = await self.clusters()
        return tuple(
            [Placed(cluster, found) for cluster in clusters async for found in self._buildkite.queues(cluster.id)]
        )

    async def _read_teams(self) -> tuple[Team, ...]:
        return tuple([found async for found in self._buildkite.teams()])

    async def _read_templates(self) -> tuple[PipelineTemplate, ...]:
        return tuple([found async for found in self._buildkite.templates()])

    async def _read_agents(self) -> tuple[Agent, ...]:
        return tuple([found async for found in self._buildkite.agents()])


def _option(agent: Agent) -> tuple[str, str]:
    place = agent.hostname or agent.queue or ""
    return f"{agent.name} ({agent.id[:8]}{', ' if place else ''}{place})", agent.id


def _open_team(team: Team) -> Option | None:
    """Secret ones are offered to nobody."""
    return (team.name, team.slug) if team.privacy != "secret" else None


def _placed(placed: Placed) -> Option:
    return f"{placed.queue.key} ({placed.cluster.name})", placed.queue.id
