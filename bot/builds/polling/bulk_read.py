"""Reads many builds at once: one list call answers for up to a hundred of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.builds import BuildsRead
from bot.buildkite.models import Build
from bot.buildkite.resources import INSTANCE_KEY
from bot.buildkite.transport import PER_PAGE
from bot.builds.model import TrackedBuild
from bot.errors import BudgetUsedUp

# Up to this many builds of a scope are read one by one: a scope takes up to two list calls.
MAX_SINGLE_READS = 2
_MAX_LISTED = 300
_LIVE_STATES = ("creating", "scheduled", "running", "failing", "canceling", "blocked")
_CLOCK_SKEW = timedelta(minutes=1)
# The builds that this Kitestring started, across pipelines; every build; or the builds of the pipeline named so.
OWN, EVERY = "", "*"
_Filters = tuple[str | None, dict[str, str] | None]
_MakeList = Callable[[str, Sequence[TrackedBuild], int], AsyncGenerator[Build, None]]


@dataclass(frozen=True)
class Listing:
    """Pages of lists as they came. `exhausted`: whatever wasn't found isn't in any list.

    `refused` is the error that ended the reading because no more requests may start now.
    """

    pages: tuple[BuildsRead, ...] = ()
    exhausted: bool = True
    refused: BudgetUsedUp | None = None

    def find_ids(self) -> frozenset[str]:
        """Return the ids of all builds that were listed."""
        return frozenset(build.id for page in self.pages for build in page.builds)


@dataclass
class _Reading:
    """A reading under way: the builds that are still missing, and the pages so far."""

    missing: dict[str, TrackedBuild]
    pages: list[BuildsRead] = field(default_factory=list)

    def note(self, page: BuildsRead) -> None:
        """Keep a page, and cross off its builds."""
        self.pages.append(page)
        for build in page.builds:
            self.missing.pop(build.id, None)


class BulkRead:
    """Reads builds by list calls, grouped into scopes.

    Builds with the mark `instance` were started by this Kitestring: they form one scope across pipelines. Any
    other build belongs to the scope of its pipeline. If several scopes are asked for, one list of the whole
    organization answers for all of them, as far as it isn't longer than a page for each.
    """

    def __init__(self, buildkite: Buildkite, instance: str) -> None:
        self._buildkite = buildkite
        self._instance = instance

    async def read(self, due: Sequence[TrackedBuild]) -> Listing:
        """List the builds, as far as requests may start now. Raise as a read does if Buildkite doesn't answer."""
        reading = _Reading({tracked.build.id: tracked for tracked in due})
        self._buildkite.observe = reading.note
        try:
            exhausted = await self._read_scopes(due, reading)
        except BudgetUsedUp as refused:
            return Listing(tuple(reading.pages), False, refused)
        return Listing(tuple(reading.pages), exhausted)

    async def _read_scopes(self, due: Sequence[TrackedBuild], reading: _Reading) -> bool:
        """List one scope after the other; return whether all lists came to their end."""
        is_exhausted = True
        for scope, most in self._plan(due):
            came_to_end = await self._read_scope(scope, most, reading)
            if scope != EVERY:
                is_exhausted &= came_to_end
            elif came_to_end:
                return True
        return is_exhausted

    def _plan(self, due: Sequence[TrackedBuild]) -> list[tuple[str, int]]:
        """Return the scopes to list, each with the most builds to list of it."""
        scopes = choose_scopes(Counter(map(self._find_scope, due)))
        return [(scope, PER_PAGE * (len(scopes) - 1) if scope == EVERY else _MAX_LISTED) for scope in scopes]

    def _find_scope(self, tracked: TrackedBuild) -> str:
        is_own = tracked.build.meta_data.get(INSTANCE_KEY) == self._instance
        return OWN if is_own else tracked.build.ref.pipeline

    async def _read_scope(self, scope: str, most: int, reading: _Reading) -> bool:
        """List live builds by their state, then builds that have ended since any of the rest can have.

        If all are reported to have ended, the second list comes first. Return whether both came to their end.
        """
        group = [tracked for tracked in reading.missing.values() if scope in (EVERY, self._find_scope(tracked))]
        if len(group) <= (0 if scope == EVERY else MAX_SINGLE_READS):
            return True
        lists: list[_MakeList] = [self._list_live, self._list_ended]
        if all(tracked.build.inactive for tracked in group):
            lists.reverse()
        is_exhausted = True
        for listing in lists:
            rest = [tracked for tracked in group if tracked.build.id in reading.missing]
            if rest:
                is_exhausted &= await _read_until_found(listing(scope, rest, most), most, rest, reading.missing)
        return is_exhausted

    def _list_live(self, scope: str, _rest: Sequence[TrackedBuild], most: int) -> AsyncGenerator[Build, None]:
        pipeline, marked = self._filter(scope)
        return self._buildkite.builds(pipeline, meta_data=marked, limit=most, state=_LIVE_STATES)

    def _list_ended(self, scope: str, rest: Sequence[TrackedBuild], most: int) -> AsyncGenerator[Build, None]:
        pipeline, marked = self._filter(scope)
        since = min(find_earliest_end(tracked) for tracked in rest) - _CLOCK_SKEW
        return self._buildkite.builds(pipeline, meta_data=marked, limit=most, finished_from=since)

    def _filter(self, scope: str) -> _Filters:
        if scope == OWN:
            return None, {INSTANCE_KEY: self._instance}
        return (None if scope == EVERY else scope), None


def choose_scopes(sizes: Mapping[str, int]) -> tuple[str, ...]:
    """Return the scopes to list, in this order, for so many builds of each.

    A list of every build of the organization comes first if it answers for several scopes, and what it leaves open
    is asked for scope by scope. A single small scope isn't listed at all.
    """
    scopes = tuple(sorted(sizes))
    if len(scopes) > 1 and sum(sizes.values()) > MAX_SINGLE_READS:
        return (EVERY, *scopes)
    return tuple(scope for scope in scopes if sizes[scope] > MAX_SINGLE_READS)


async def _read_until_found(
    builds: AsyncGenerator[Build, None],
    most: int,
    wanted: Sequence[TrackedBuild],
    missing: Mapping[str, TrackedBuild],
) -> bool:
    """Read page by page until none of the wanted builds is missing; return whether the list came to its end."""
    count = 0
    async with aclosing(builds) as listed:
        async for _build in listed:
            count += 1
            if not any(tracked.build.id in missing for tracked in wanted):
                return True
    return count < most


def find_earliest_end(tracked: TrackedBuild) -> datetime:
    """Return the time before which the build can't have ended."""
    read = tracked.read_end or tracked.read_at or tracked.build.created_at or tracked.seen_at
    reported = tracked.build.finished_at if tracked.build.inactive else None
    return max(read, reported) if reported else read
