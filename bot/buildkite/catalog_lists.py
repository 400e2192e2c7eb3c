"""Lists of Buildkite's objects, cached for a short time and shared by everyone who uses the same token."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from typing import TypeVar

from bot.buildkite.cache import CachedList
from bot.buildkite.client import Buildkite
from bot.buildkite.resources import Pipeline, PlacedQueue
from bot.errors import Unavailable
from bot.runtime.clock import Clock

T = TypeVar("T")
# Seconds. Agents come and go quickly; a slug found within ten minutes hardly ever belongs to another pipeline.
PIPELINES_TTL = 60.0
AGENTS_TTL = 15.0
QUEUES_TTL = 60.0
MEMBERS_TTL = 600.0
BRANCHES_TTL = 60.0
# Branches of the 50 pipelines read last stay cached, each of their newest 100 builds.
_MAX_BRANCH_LISTS = 50
_BUILDS_READ = 100
# Four requests: a person waiting for one pipeline shouldn't wait for a list of thousands.
_MAX_PIPELINES_FOR_PERSON = 400


class _TooManyPipelines(Unavailable):
    """The organization has more pipelines than a person's request may read."""


class CatalogLists:
    """Reads and caches the lists."""

    def __init__(self, buildkite: Buildkite, clock: Clock) -> None:
        self._buildkite = buildkite
        self._clock = clock
        read_patiently = partial(self._read_pipelines, patient=True)
        self.pipelines = CachedList(self._read_pipelines, PIPELINES_TTL, clock, read_patiently)
        self.agents = CachedList(lambda: _collect(buildkite.agents()), AGENTS_TTL, clock)
        self.clusters = CachedList(lambda: _collect(buildkite.clusters()), QUEUES_TTL, clock)
        self.queues = CachedList(self._read_queues, QUEUES_TTL, clock)
        self.teams = CachedList(lambda: _collect(buildkite.teams()), MEMBERS_TTL, clock)
        self.templates = CachedList(lambda: _collect(buildkite.templates()), MEMBERS_TTL, clock)
        self.members = CachedList(buildkite.members, MEMBERS_TTL, clock)
        self._branches: dict[str | None, CachedList[str]] = {}
        self._has_many_pipelines = False

    async def list_pipelines(self) -> tuple[Pipeline, ...]:
        """Return the pipelines that aren't archived, at most a minute old.

        A list of more than 400 may be older: it's refreshed in the background, since it takes too many requests
        for a person to wait.
        """
        try:
            return await (self.pipelines.get_available() if self._has_many_pipelines else self.pipelines.get())
        except _TooManyPipelines:
            return await self.pipelines.get_available()

    async def list_available_pipelines(self) -> tuple[Pipeline, ...]:
        """Return the same list, but of very many pipelines only those cached, without waiting for a first read."""
        if not self._has_many_pipelines:
            with suppress(_TooManyPipelines):
                return await self.pipelines.get()
        self.pipelines.refresh()
        return self.pipelines.peek(math.inf)

    async def list_branches(self, pipeline: str | None) -> tuple[str, ...]:
        """Return branches of the newest builds of a pipeline, or of all, then the pipeline's default branch."""
        cached = self._branches.get(pipeline)
        if cached is None:
            self._branches = dict(list(self._branches.items())[-_MAX_BRANCH_LISTS:])
            cached = self._branches[pipeline] = CachedList(
                partial(self._read_branches, pipeline), BRANCHES_TTL, self._clock
            )
        return await cached.get_available()

    async def _read_branches(self, pipeline: str | None) -> tuple[str, ...]:
        """Read the branches of the newest 100 builds: one request that covers what people work on."""
        newest = await self._buildkite.builds_page(pipeline, size=_BUILDS_READ)
        named = [build.branch for build in newest.items if build.branch]
        pipelines = await self.pipelines.get_available()
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
        clusters = await self.clusters.get()
        queues = self._buildkite.queues
        return tuple([PlacedQueue(cluster, queue) for cluster in clusters async for queue in queues(cluster.id)])


async def _collect(values: AsyncIterator[T]) -> tuple[T, ...]:
    return tuple([value async for value in values])
