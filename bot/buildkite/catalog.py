"""Finds pipelines, agents, queues, clusters, teams and templates by name, from lists cached for a short time."""

from __future__ import annotations

import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TypeVar

from bot.buildkite.cache import CachedList
from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.organization import PipelineTemplate, Team
from bot.buildkite.name_lookup import (
    MENU_LIMIT,
    Menu,
    Option,
    find_cluster,
    find_named,
    find_pipeline,
    find_queue,
    find_similar,
    format_agent_option,
    format_queue_option,
    format_team_option,
    match_agents,
    suggest_names,
    suggest_similar,
)
from bot.buildkite.resources import Agent, Cluster, Pipeline, PlacedQueue
from bot.errors import Ambiguous, NotFound, Unavailable
from bot.runtime.clock import Clock

T = TypeVar("T")
# Seconds. Agents come and go quickly; a slug found within ten minutes hardly ever belongs to another pipeline.
PIPELINES_TTL = 60.0
AGENTS_TTL = 15.0
QUEUES_TTL = 60.0
SLUGS_TTL = 600.0
MEMBERS_TTL = 600.0
BRANCHES_TTL = 60.0
# Slack limits a menu's values to 150 characters. Branches of the 50 pipelines read last stay cached.
_MAX_BRANCH_LENGTH = 150
_MAX_BRANCH_LISTS = 50
# Four requests: a person waiting for one pipeline shouldn't wait for a list of thousands.
_MAX_PIPELINES_FOR_PERSON = 400
FindOptions = Callable[[str], Awaitable[tuple[Option, ...]]]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.IGNORECASE)


class _TooManyPipelines(Unavailable):
    """The organization has more pipelines than a person's request may read."""


class Catalog:
    """Finds Buildkite's objects by the names that people use."""

    def __init__(self, buildkite: Buildkite, clock: Clock) -> None:
        self._buildkite = buildkite
        read_patiently = partial(self._read_pipelines, patient=True)
        self._pipelines = CachedList(self._read_pipelines, PIPELINES_TTL, clock, read_patiently)
        self._agents = CachedList(lambda: _collect(buildkite.agents()), AGENTS_TTL, clock)
        self._clusters = CachedList(lambda: _collect(buildkite.clusters()), QUEUES_TTL, clock)
        self._queues = CachedList(self._read_queues, QUEUES_TTL, clock)
        self._teams = CachedList(lambda: _collect(buildkite.teams()), MEMBERS_TTL, clock)
        self._templates = CachedList(lambda: _collect(buildkite.templates()), MEMBERS_TTL, clock)
        self._branches: dict[str | None, CachedList[str]] = {}
        self._has_many_pipelines = False
        self._clock = clock
        self._menus: dict[str, FindOptions] = {
            "pipeline": self._make_menu(self._pipelines, lambda pipeline: (pipeline.slug, pipeline.slug)),
            "agent": self._make_menu(self._agents, format_agent_option),
            "queue": self._make_menu(self._queues, format_queue_option),
            "cluster": self._make_menu(self._clusters, lambda cluster: (cluster.name, cluster.id)),
            "team": self._make_menu(self._teams, format_team_option),
            "template": self._make_menu(self._templates, lambda template: (template.name, template.uuid)),
        }
        self._members = CachedList(buildkite.members, MEMBERS_TTL, clock)

    @property
    def organization(self) -> str:
        """Slug of the organization."""
        return self._buildkite.organization

    async def list_pipelines(self) -> tuple[Pipeline, ...]:
        """Return the pipelines that aren't archived, at most a minute old.

        A list of more than 400 may be older: it's refreshed in the background, since it takes too many requests
        for a person to wait.
        """
        try:
            return await (self._pipelines.get_available() if self._has_many_pipelines else self._pipelines.get())
        except _TooManyPipelines:
            return await self._pipelines.get_available()

    async def _list_available_pipelines(self) -> tuple[Pipeline, ...]:
        """Return the same list, but of very many pipelines only those cached, without waiting for a first read."""
        if not self._has_many_pipelines:
            with suppress(_TooManyPipelines):
                return await self._pipelines.get()
        self._pipelines.refresh()
        return self._pipelines.peek(math.inf)

    async def list_agents(self) -> tuple[Agent, ...]:
        """Return connected and stopping agents, at most 15 seconds old."""
        return await self._agents.get()

    async def list_clusters(self) -> tuple[Cluster, ...]:
        """Return all clusters, at most a minute old."""
        return await self._clusters.get()

    async def list_queues(self) -> tuple[PlacedQueue, ...]:
        """Return the queues of all clusters, at most a minute old."""
        return await self._queues.get()

    def forget_pipelines(self) -> None:
        """Drop the cached pipelines after one was created, changed or deleted."""
        self._pipelines.drop()

    async def find_team(self, text: str) -> Team:
        """Find a team by slug, name or UUID. Raise NotFound with similar slugs, or Refused."""
        known = await self._teams.get()
        return find_named("team", text, known, lambda team: (team.slug, team.name, team.id))

    async def find_template(self, text: str) -> PipelineTemplate:
        """Find a pipeline template by name or UUID. Raise NotFound with similar names, or Refused."""
        known = await self._templates.get()
        return find_named("pipeline template", text, known, lambda template: (template.name, template.uuid))

    def forget_queues(self) -> None:
        """Read queues again next time, because one was changed."""
        self._queues.forget()

    async def find_cluster(self, text: str) -> Cluster:
        """Find a cluster by UUID, or by name in any case. Raise Ambiguous or NotFound."""
        return find_cluster(await self.list_clusters(), text)

    async def find_queue(self, text: str) -> PlacedQueue:
        """Find a queue by UUID, or by key in any cluster. Raise Ambiguous or NotFound."""
        return find_queue(await self.list_queues(), text)

    async def find_user_id(self, email: str) -> str | None:
        """Return the UUID of the member with this email address; raise Refused if members can't be listed."""
        for member in await self._members.get():
            if member.id and (member.email or "").lower() == email.lower():
                return member.id
        return None

    def forget_agents(self) -> None:
        """Read agents again next time, because one was changed."""
        self._agents.forget()

    async def find_similar_pipelines(self, slug: str) -> tuple[str, ...]:
        """Return at most three slugs similar to `slug`, the most similar first."""
        return find_similar(slug, [pipeline.slug for pipeline in await self._list_available_pipelines()])

    async def find_pipeline(self, slug: str) -> Pipeline:
        """Find a pipeline by slug or name in any case; raise NotFound with similar slugs.

        A pipeline listed within the last ten minutes comes from the cache; an unlisted one is read by its slug.
        """
        known = self._pipelines.peek(SLUGS_TTL)
        found = find_pipeline(known, slug) or find_pipeline(await self._list_available_pipelines(), slug)
        return found or await self._read_unlisted_pipeline(slug)

    async def _read_unlisted_pipeline(self, slug: str) -> Pipeline:
        try:
            if _SLUG.fullmatch(slug):
                return await self._buildkite.pipeline(slug)
        except NotFound:
            pass
        raise NotFound(f"There's no pipeline “{slug}”.", suggest_similar(await self.find_similar_pipelines(slug)))

    async def find_agent(self, text: str) -> Agent:
        """Find an agent by ID, unique prefix of the ID (at least 4 characters) or exact name.

        Raise Ambiguous with the choices, or NotFound with similar names. Agents that aren't listed because they
        stopped or got lost are found by their full ID only.
        """
        known = await self.list_agents()
        found = match_agents(known, text)
        if len(found) == 1:
            return found[0]
        if found:
            raise Ambiguous(f"Several agents match “{text}”.", "agent", tuple(map(format_agent_option, found)))
        if _UUID.fullmatch(text):
            return await self._buildkite.agent(text)
        hint = suggest_similar(find_similar(text, [agent.name for agent in known]))
        raise NotFound(f"There's no connected agent “{text}”.", hint)

    async def suggest(
        self, kind: str, typed: str, pipeline: str | None = None, other_branches: Iterable[str] = ()
    ) -> tuple[Option, ...]:
        """Return at most 100 (label, value) pairs for a menu of objects of this kind, the likeliest first.

        Cached lists are used at once, however old. Branches are those of `pipeline` (or of all), followed by
        `other_branches`, which the caller knows from elsewhere.
        """
        if kind == "branch":
            return suggest_names(typed, [*await self.list_branches(pipeline), *other_branches], _MAX_BRANCH_LENGTH)
        menu = self._menus.get(kind)
        return await menu(typed) if menu else ()

    async def list_branches(self, pipeline: str | None) -> tuple[str, ...]:
        """Return branches of the newest builds of a pipeline, or of all, then the pipeline's default branch."""
        cached = self._branches.get(pipeline)
        if cached is None:
            self._branches = dict(list(self._branches.items())[-_MAX_BRANCH_LISTS:])
            cached = self._branches[pipeline] = CachedList(
                partial(self._read_branches, pipeline), BRANCHES_TTL, self._clock
            )
        return await cached.get_available()

    def _make_menu(self, cached: CachedList[T], to_option: Callable[[T], Option | None]) -> FindOptions:
        menu = Menu(to_option)

        async def find_options(typed: str) -> tuple[Option, ...]:
            return menu.find_options(typed, await cached.get_available())

        return find_options

    async def _read_branches(self, pipeline: str | None) -> tuple[str, ...]:
        """Read the branches of the newest 100 builds: one request that covers what people work on."""
        newest = await self._buildkite.builds_page(pipeline, size=MENU_LIMIT)
        named = [build.branch for build in newest.items if build.branch]
        pipelines = await self._pipelines.get_available()
        default = [known.default_branch for known in pipelines if known.slug == pipeline]
        return tuple(dict.fromkeys([*named, *filter(None, default)]))

    async def _read_pipelines(self, *, patient: bool = False) -> tuple[Pipeline, ...]:
        listed = (
            self._buildkite.for_background().pipelines()
            if patient
            else self._buildkite.pipelines(limit=_MAX_PIPELINES_FOR_PERSON)
        )
        pipelines = await _collect(listed)
        if not patient and len(pipelines) == _MAX_PIPELINES_FOR_PERSON:
            self._has_many_pipelines = True
            raise _TooManyPipelines(
                "This organization has too many pipelines to list at once.", "Try again in a minute."
            )
        return tuple(pipeline for pipeline in pipelines if pipeline.archived_at is None)

    async def _read_queues(self) -> tuple[PlacedQueue, ...]:
        clusters = await self.list_clusters()
        queues = self._buildkite.queues
        return tuple([PlacedQueue(cluster, queue) for cluster in clusters async for queue in queues(cluster.id)])


async def _collect(values: AsyncIterator[T]) -> tuple[T, ...]:
    return tuple([value async for value in values])
