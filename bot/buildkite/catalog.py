"""Finds pipelines, agents, queues, clusters, teams and templates by name, from lists cached for a short time."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable
from copy import copy
from typing import TypeVar

from bot.buildkite.cache import CachedList
from bot.buildkite.catalog_lists import CatalogLists
from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.organization import PipelineTemplate, Team
from bot.buildkite.name_lookup import (
    choose_cluster,
    find_cluster,
    find_named,
    find_pipeline,
    find_queue,
    format_agent_option,
    format_cluster_option,
    format_pipeline_option,
    format_queue_option,
    format_team_option,
    format_template_option,
    match_agents,
)
from bot.buildkite.name_offers import Menu, list_names, make_choice_error, suggest_similar
from bot.buildkite.naming import MayName, Option, name_nothing
from bot.buildkite.resources import Agent, Cluster, Pipeline, PlacedQueue
from bot.errors import NotFound
from bot.runtime.clock import Clock

T = TypeVar("T")
SLUGS_TTL = 600.0  # seconds: a slug found within them hardly ever belongs to another pipeline
_MAX_BRANCH_LENGTH = 150  # of a menu's value in Slack
FindOptions = Callable[[str, MayName], Awaitable[tuple[Option, ...]]]
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_SLUG = re.compile(r"[a-z0-9][a-z0-9_.-]{0,99}", re.IGNORECASE)


class Catalog:
    """Finds Buildkite's objects by the names that people use.

    It offers names (in menus, suggestions and choices) only once it's bound to a person, and only theirs.
    """

    def __init__(self, buildkite: Buildkite, clock: Clock) -> None:
        self._buildkite = buildkite
        self.may_name: MayName = name_nothing
        self._lists = lists = CatalogLists(buildkite, clock)
        self._menus: dict[str, FindOptions] = {
            "pipeline": _make_menu(
                lists.pipelines, Menu("pipeline", format_pipeline_option, lambda found: found.slug)
            ),
            "agent": _make_menu(lists.agents, Menu("agent", format_agent_option, lambda found: found.name)),
            "queue": _make_menu(lists.queues, Menu("queue", format_queue_option, lambda found: found.queue.key)),
            "cluster": _make_menu(
                lists.clusters, Menu("cluster", format_cluster_option, lambda found: found.name)
            ),
            "team": _make_menu(lists.teams, Menu("team", format_team_option, lambda found: found.slug)),
            "template": _make_menu(
                lists.templates, Menu("template", format_template_option, lambda found: found.name)
            ),
        }

    def for_person(self, may_name: MayName) -> Catalog:
        """Return this catalog, with the same cached lists, for a person who may be shown only these names."""
        bound = copy(self)
        bound.may_name = may_name
        return bound

    @property
    def organization(self) -> str:
        """Slug of the organization."""
        return self._buildkite.organization

    async def list_pipelines(self) -> tuple[Pipeline, ...]:
        """Return the pipelines that aren't archived; those of a large organization may be older than a minute."""
        return await self._lists.list_pipelines()

    async def list_agents(self) -> tuple[Agent, ...]:
        """Return connected and stopping agents, at most 15 seconds old."""
        return await self._lists.agents.get()

    async def list_clusters(self) -> tuple[Cluster, ...]:
        """Return all clusters, at most a minute old."""
        return await self._lists.clusters.get()

    async def list_queues(self) -> tuple[PlacedQueue, ...]:
        """Return the queues of all clusters, at most a minute old."""
        return await self._lists.queues.get()

    def forget_pipelines(self) -> None:
        """Drop the cached pipelines after one was created, changed or deleted."""
        self._lists.pipelines.drop()

    async def find_team(self, text: str) -> Team:
        """Find a team by slug, name or UUID. Raise NotFound with similar slugs, or Refused."""
        known = await self._lists.teams.get()
        return find_named("team", text, known, lambda team: (team.slug, team.name, team.id), self.may_name)

    async def find_template(self, text: str) -> PipelineTemplate:
        """Find a pipeline template by name or UUID. Raise NotFound with similar names, or Refused."""
        known = await self._lists.templates.get()
        return find_named("template", text, known, lambda found: (found.name, found.uuid), self.may_name)

    def forget_queues(self) -> None:
        """Read queues again next time, because one was changed."""
        self._lists.queues.forget()

    async def find_cluster(self, text: str) -> Cluster:
        """Find a cluster by UUID, or by name in any case. Raise Ambiguous or NotFound."""
        return find_cluster(await self.list_clusters(), text, self.may_name)

    async def find_only_cluster(self, question: str) -> Cluster | None:
        """Return the only cluster, or None if there are none. Raise Ambiguous with the question for several."""
        known = await self.list_clusters()
        if len(known) > 1:
            raise choose_cluster(question, known, self.may_name)
        return known[0] if known else None

    async def find_queue(self, text: str) -> PlacedQueue:
        """Find a queue by UUID, or by key in any cluster. Raise Ambiguous or NotFound."""
        return find_queue(await self.list_queues(), text, self.may_name)

    async def find_user_id(self, email: str) -> str | None:
        """Return the UUID of the member with this email address; raise Refused if members can't be listed."""
        for member in await self._lists.members.get():
            if member.id and (member.email or "").lower() == email.lower():
                return member.id
        return None

    def forget_agents(self) -> None:
        """Read agents again next time, because one was changed."""
        self._lists.agents.forget()

    async def find_pipeline(self, slug: str) -> Pipeline:
        """Find a pipeline by slug or name in any case; raise NotFound with similar slugs.

        A pipeline listed within the last ten minutes comes from the cache; an unlisted one is read by its slug.
        """
        known = self._lists.pipelines.peek(SLUGS_TTL)
        found = find_pipeline(known, slug) or find_pipeline(await self._lists.list_available_pipelines(), slug)
        return found or await self._read_unlisted_pipeline(slug)

    async def _read_unlisted_pipeline(self, slug: str) -> Pipeline:
        try:
            if _SLUG.fullmatch(slug):
                return await self._buildkite.pipeline(slug)
        except NotFound:
            pass
        known = [pipeline.slug for pipeline in await self._lists.list_available_pipelines()]
        hint = suggest_similar("pipeline", slug, known, self.may_name)
        raise NotFound(f"There's no pipeline “{slug}”.", hint)

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
            options = [(format_agent_option(agent), agent.name) for agent in found]
            raise make_choice_error("agent", f"Several agents match “{text}”.", options, self.may_name)
        if _UUID.fullmatch(text):
            return await self._buildkite.agent(text)
        hint = suggest_similar("agent", text, [agent.name for agent in known], self.may_name)
        raise NotFound(f"There's no connected agent “{text}”.", hint)

    async def suggest(
        self, kind: str, typed: str, pipeline: str | None = None, other_branches: Iterable[str] = ()
    ) -> tuple[Option, ...]:
        """Return at most 100 (label, value) pairs for a menu of objects of this kind, the likeliest first.

        Cached lists are used at once, however old. Branches are those of `pipeline` (or of all), followed by
        `other_branches`, which the caller knows from elsewhere.
        """
        if kind == "branch":
            known = (*await self._lists.list_branches(pipeline), *other_branches)
            shown = (name for name in known if self.may_name("branch", name, pipeline))
            return list_names(typed, shown, _MAX_BRANCH_LENGTH)
        menu = self._menus.get(kind)
        return await menu(typed, self.may_name) if menu else ()


def _make_menu(cached: CachedList[T], menu: Menu[T]) -> FindOptions:
    async def find_options(typed: str, may_name: MayName) -> tuple[Option, ...]:
        return menu.find_options(typed, await cached.get_available(), may_name)

    return find_options
