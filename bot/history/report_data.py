"""Gathers the data of reports: recorded builds, and a few reads for times without records."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from bot.buildkite.endpoints.builds import BuildCalls
from bot.buildkite.models import Build
from bot.errors import Refused, Unavailable
from bot.history import known_periods, recorder
from bot.history.known_periods import EVERYTHING, Span
from bot.history.model import Attempt, Run
from bot.history.queries import find_attempts_ended_between, find_runs_ended_between
from bot.runtime.clock import Clock
from bot.store.transactions import Store

# Builds that one report may read, five pages of a hundred: the request budget belongs to everyone.
MOST = 500
_PAGE = 100


@dataclass(frozen=True)
class GatheredBuilds:
    """The builds of a time: `read` of them were just read; in the time of `missing`, some builds aren't known.

    `trouble` is why reading stopped; `more`: there is more than one report may read.
    """

    runs: tuple[Run, ...]
    attempts: tuple[Attempt, ...]
    read: int
    missing: tuple[Span, ...]
    trouble: str = ""
    more: bool = False


@dataclass(frozen=True)
class _Reading:
    read: int = 0
    trouble: str = ""
    more: bool = False


class ReportData:
    """Reads the database, and Buildkite only for times without records, at most `most` builds."""

    def __init__(self, store: Store, clock: Clock, most: int = MOST) -> None:
        self._most = most
        self._store = store
        self._clock = clock

    async def gather(self, builds: BuildCalls, pipelines: Sequence[str], since: datetime) -> GatheredBuilds:
        """Return the builds of these pipelines that ended since then; read the newest of the missing ones now."""
        now = self._clock.now()
        scope = pipelines[0] if len(pipelines) == 1 else EVERYTHING
        reading = _Reading()
        for gap in await self._find_missing(scope, since, now):
            reading = await self._fill(builds, scope, gap, reading.read)
            if reading.trouble or reading.more:
                break
        stopped = reading.trouble or reading.more
        async with self._store.read() as tx:
            return GatheredBuilds(
                runs=await find_runs_ended_between(tx, since, now, pipelines),
                attempts=await find_attempts_ended_between(tx, since, now, pipelines),
                read=reading.read,
                missing=await self._find_missing(scope, since, now) if stopped else (),
                trouble=reading.trouble,
                more=reading.more,
            )

    async def _find_missing(self, scope: str, since: datetime, now: datetime) -> tuple[Span, ...]:
        async with self._store.read() as tx:
            known = await recorder.find_known_periods(tx, now)
        return known_periods.find_gaps(since, now, [*known.get(EVERYTHING, ()), *known.get(scope, ())])

    async def _fill(self, builds: BuildCalls, scope: str, gap: Span, before: int) -> _Reading:
        """Read the builds that ended in a gap; record how far that came, so that the next report continues there.

        https://buildkite.com/docs/apis/rest-api/builds#list-all-builds
        """
        left, found, trouble = self._most - before, list[Build](), ""
        listed = builds.builds(
            None if scope == EVERYTHING else scope,
            finished_from=gap[0],
            created_to=gap[1],
            exclude_jobs=False,
            include_retried_jobs=True,
            limit=left,
        )
        try:
            async with aclosing(listed):
                async for build in listed:
                    found.append(build)
        except (Unavailable, Refused) as error:
            trouble = error.message
        more = len(found) >= left
        reached = _find_reached(found, gap) if more or trouble else gap[0]
        await self._record(found, scope, (reached, gap[1]), whole=builds.requests.bearer is None)
        return _Reading(before + len(found), trouble, more)

    async def _record(self, builds: Sequence[Build], scope: str, span: Span, *, whole: bool) -> None:
        """Record the builds, and the period only if the token sees all: a personal token may not."""
        now = self._clock.now()
        for start in range(0, len(builds), _PAGE):
            async with self._store.write() as tx:
                await recorder.record_builds(
                    tx, [(build, build.jobs) for build in builds[start : start + _PAGE]], now
                )
        if whole:
            async with self._store.write() as tx:
                await recorder.record_period(tx, scope, span, now)


def _find_reached(newest_first: Sequence[Build], gap: Span) -> datetime:
    """Return how far back a list reached that wasn't read to its end."""
    last = newest_first[-1].created_at if newest_first else None
    return max(last, gap[0]) if last else gap[1]
