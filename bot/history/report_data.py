"""Gathers what reports are made from: what is remembered, and by a few reads what is not."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime

from bot.buildkite.client import Buildkite
from bot.buildkite.models import Build
from bot.errors import Refused, Unavailable
from bot.history import known_periods, recorder
from bot.history.known_periods import EVERYTHING, Span
from bot.history.model import Attempt, Run
from bot.history.queries import find_attempts_ended_between, find_runs_ended_between
from bot.runtime.clock import Clock
from bot.store.transactions import Store

# What one report may read: five pages of a hundred.
MOST = 500
_PAGE = 100


@dataclass(frozen=True)
class Gathered:
    """Everything known of a time: `read` builds were read for it, of the time in `missing` some are not known.

    `trouble` is why reading stopped, `more` whether there is more than may be read at once.
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
    """Reads the database, and Buildkite only for times that nothing was heard of: at most `most` builds."""

    def __init__(self, store: Store, clock: Clock, most: int = MOST) -> None:
        self._most = most
        self._store = store
        self._clock = clock

    async def gather(self, buildkite: Buildkite, pipelines: Sequence[str], since: datetime) -> Gathered:
        """The builds of these pipelines that ended since then, the newest of those that are missing read now."""
        now = self._clock.now()
        scope = pipelines[0] if len(pipelines) == 1 else EVERYTHING
        reading = _Reading()
        for gap in await self._missing(scope, since, now):
            reading = await self._fill(buildkite, scope, gap, reading.read)
            if reading.trouble or reading.more:
                break
        stopped = reading.trouble or reading.more
        async with self._store.read() as tx:
            return Gathered(
                runs=await find_runs_ended_between(tx, since, now, pipelines),
                attempts=await find_attempts_ended_between(tx, since, now, pipelines),
                read=reading.read,
                missing=await self._missing(scope, since, now) if stopped else (),
                trouble=reading.trouble,
                more=reading.more,
            )

    async def _missing(self, scope: str, since: datetime, now: datetime) -> tuple[Span, ...]:
        async with self._store.read() as tx:
            known = await recorder.find_known_periods(tx, now)
        return known_periods.missing(since, now, [*known.get(EVERYTHING, ()), *known.get(scope, ())])

    async def _fill(self, buildkite: Buildkite, scope: str, gap: Span, before: int) -> _Reading:
        """Read what ended in a gap; how far that came is noted, so that the next report goes on from there.

        https://buildkite.com/docs/apis/rest-api/builds#list-all-builds
        """
        left, found, trouble = self._most - before, list[Build](), ""
        listed = buildkite.builds(
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
        reached = _oldest(found, gap) if more or trouble else gap[0]
        await self._remember(found, scope, (reached, gap[1]), whole=buildkite.requests.bearer is None)
        return _Reading(before + len(found), trouble, more)

    async def _remember(self, builds: Sequence[Build], scope: str, span: Span, *, whole: bool) -> None:
        """What a person's own token does not see is not there for it: then nothing is known for good."""
        now = self._clock.now()
        for start in range(0, len(builds), _PAGE):
            async with self._store.write() as tx:
                await recorder.record_builds(
                    tx, [(build, build.jobs) for build in builds[start : start + _PAGE]], now
                )
        if whole:
            async with self._store.write() as tx:
                await recorder.record_period(tx, scope, span, now)


def _oldest(newest_first: Sequence[Build], gap: Span) -> datetime:
    """How far back a list came that was not read to its end."""
    last = newest_first[-1].created_at if newest_first else None
    return max(last, gap[0]) if last else gap[1]
