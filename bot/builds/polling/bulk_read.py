"""Reads many builds at once: one list call answers for a hundred of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from datetime import datetime, timedelta
from typing import Any

from bot.buildkite.client import Buildkite
from bot.buildkite.models import Build
from bot.buildkite.resources import INSTANCE_KEY
from bot.buildkite.states import truncate_to_second
from bot.builds.model import TrackedBuild

# So few builds of one scope are cheaper read one by one: a scope takes up to two list calls.
FEW = 2
_MOST = 300
_LIVING = ("creating", "scheduled", "running", "failing", "canceling", "blocked")
_CLOCKS_APART = timedelta(minutes=1)


class BulkRead:
    """`instance` is the mark that all builds of ours carry: they are one scope, each other pipeline is another."""

    def __init__(self, buildkite: Buildkite, instance: str) -> None:
        self._buildkite = buildkite
        self._instance = instance

    async def look(self, due: Sequence[TrackedBuild]) -> dict[str, Build]:
        """What the lists say of those builds, by id; one that is in none is missing. Raises as a read does."""
        scopes: dict[str | None, list[TrackedBuild]] = {}
        for known in due:
            scopes.setdefault(self._scope(known), []).append(known)
        found: dict[str, Build] = {}
        for pipeline, group in scopes.items():
            if len(group) > FEW:
                found |= await self._look_at(pipeline, group)
        return found

    def _scope(self, tracked: TrackedBuild) -> str | None:
        ours = tracked.build.meta_data.get(INSTANCE_KEY) == self._instance
        return None if ours else tracked.build.ref.pipeline

    async def _look_at(self, pipeline: str | None, group: Sequence[TrackedBuild]) -> dict[str, Build]:
        """Those that live, by their states; then those that have ended, by the time since when they may have."""
        wanted = {known.build.id for known in group}
        living = await self._listed(wanted, pipeline, state=_LIVING)
        rest = [known for known in group if known.build.id not in living]
        if not rest:
            return living
        since = min(_lived_until(known) for known in rest) - _CLOCKS_APART
        return living | await self._listed({known.build.id for known in rest}, pipeline, finished_from=since)

    async def _listed(self, wanted: set[str], pipeline: str | None, **which: Any) -> dict[str, Build]:
        marked = {INSTANCE_KEY: self._instance} if pipeline is None else None
        found: dict[str, Build] = {}
        async with aclosing(self._buildkite.builds(pipeline, meta_data=marked, limit=_MOST, **which)) as listed:
            async for build in listed:
                if build.id in wanted:
                    found[build.id] = build
                if len(found) == len(wanted):
                    break
        return found


def says_all(tracked: TrackedBuild, build: Build) -> bool:
    """A list has no jobs: it will do while nothing begins, ends or waits that the last read had not found so."""
    return build.phase == tracked.read_phase and truncate_to_second(build.finished_at) == truncate_to_second(
        tracked.read_end
    )


def _lived_until(tracked: TrackedBuild) -> datetime:
    """It cannot have ended before."""
    return tracked.read_end or tracked.read_at or tracked.build.created_at or tracked.seen_at
