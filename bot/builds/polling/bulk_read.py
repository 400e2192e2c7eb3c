"""Reads many builds at once: one list call answers for up to a hundred of them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from datetime import datetime, timedelta

from bot.buildkite.client import Buildkite
from bot.buildkite.models import Build
from bot.buildkite.resources import INSTANCE_KEY
from bot.buildkite.states import truncate_to_second
from bot.builds.model import TrackedBuild

# Up to this many builds of a scope are read one by one: a scope takes up to two list calls.
MAX_SINGLE_READS = 2
_MAX_LISTED = 300
_LIVE_STATES = ("creating", "scheduled", "running", "failing", "canceling", "blocked")
_CLOCK_SKEW = timedelta(minutes=1)


class BulkRead:
    """Reads builds by list calls, grouped into scopes.

    Builds with the mark `instance` were started by this Kitestring: they form one scope across pipelines. Any
    other build belongs to the scope of its pipeline.
    """

    def __init__(self, buildkite: Buildkite, instance: str) -> None:
        self._buildkite = buildkite
        self._instance = instance

    async def read(self, due: Sequence[TrackedBuild]) -> dict[str, Build]:
        """Return the builds that the lists contain, by id; a build in no list is missing. Raise as a read does."""
        scopes: dict[str | None, list[TrackedBuild]] = {}
        for tracked in due:
            scopes.setdefault(self._find_scope(tracked), []).append(tracked)
        found: dict[str, Build] = {}
        for pipeline, group in scopes.items():
            if len(group) > MAX_SINGLE_READS:
                found |= await self._read_scope(pipeline, group)
        return found

    def _find_scope(self, tracked: TrackedBuild) -> str | None:
        is_own = tracked.build.meta_data.get(INSTANCE_KEY) == self._instance
        return None if is_own else tracked.build.ref.pipeline

    async def _read_scope(self, pipeline: str | None, group: Sequence[TrackedBuild]) -> dict[str, Build]:
        """List live builds by their state, then builds that have ended since any of the rest can have."""
        wanted = {tracked.build.id for tracked in group}
        marked = {INSTANCE_KEY: self._instance} if pipeline is None else None
        running = self._buildkite.builds(pipeline, meta_data=marked, limit=_MAX_LISTED, state=_LIVE_STATES)
        live = await _collect_wanted(running, wanted)
        rest = [tracked for tracked in group if tracked.build.id not in live]
        if not rest:
            return live
        since = min(_find_earliest_end(tracked) for tracked in rest) - _CLOCK_SKEW
        ended = self._buildkite.builds(pipeline, meta_data=marked, limit=_MAX_LISTED, finished_from=since)
        return live | await _collect_wanted(ended, {tracked.build.id for tracked in rest})


async def _collect_wanted(builds: AsyncGenerator[Build, None], wanted: set[str]) -> dict[str, Build]:
    """Return the wanted builds by id; stop listing once all are found."""
    found: dict[str, Build] = {}
    async with aclosing(builds) as listed:
        async for build in listed:
            if build.id in wanted:
                found[build.id] = build
            if len(found) == len(wanted):
                break
    return found


def is_unchanged_since_read(tracked: TrackedBuild, build: Build) -> bool:
    """Return whether a listed build is in the phase that the last read found.

    Lists carry no jobs: a build that began, ended or blocked since then has to be read with its jobs.
    """
    return build.phase == tracked.read_phase and truncate_to_second(build.finished_at) == truncate_to_second(
        tracked.read_end
    )


def _find_earliest_end(tracked: TrackedBuild) -> datetime:
    """Return the time before which the build can't have ended."""
    return tracked.read_end or tracked.read_at or tracked.build.created_at or tracked.seen_at
