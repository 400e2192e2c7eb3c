"""Reads at Buildkite what is in doubt, or due: the only word that settles what a build's state is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.buildkite.client import Buildkite
from bot.clock import Clock
from bot.core import pace
from bot.errors import KitestringError, NotFound, Unavailable
from bot.following import Following
from bot.model import Known
from bot.store import builds, deliveries
from bot.store.store import Transactions

# What a card names of its jobs; the counts of all come with any answer.
NAMED_STATES = ("failed", "timed_out", "expired", "blocked")
BATCH = 20
log = structlog.stdlib.get_logger(__name__)


class Sweep:
    """Reads with the patience of the background: people's requests go first."""

    def __init__(self, store: Transactions, clock: Clock, buildkite: Buildkite, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._buildkite = buildkite.patient()
        self._wake = wake

    async def tick(self) -> int:
        """Read the builds that are due; says how many were settled."""
        async with self._store.read() as tx:
            due = await builds.due_for_reading(tx, self._clock.now(), BATCH)
            alive = await deliveries.alive(tx, self._clock.now())
        settled = 0
        for known, failures in due:
            if not await self._read(known, failures, alive):
                break
            settled += 1
        if settled:
            self._wake()
        return settled

    async def next_at(self) -> datetime | None:
        """When there is something to read."""
        async with self._store.read() as tx:
            return await builds.next_read(tx)

    async def _read(self, known: Known, failures: int, alive: bool) -> bool:
        """Ask and fold in the answer; says whether it is worth going on with the next build."""
        ref, asked_at, asked = known.build.ref, self._clock.now(), known.doubt
        try:
            build = await self._buildkite.build(ref.pipeline, ref.number, job_states=NAMED_STATES)
        except NotFound:
            async with self._store.write() as tx:
                await Following(self._clock.now(), alive).gone(tx, known.build.id, asked_at, asked)
            return True
        except KitestringError as error:
            await self._later(known, failures + 1, error)
            return not isinstance(error, Unavailable)
        async with self._store.write() as tx:
            await Following(self._clock.now(), alive).read(tx, build, asked_at, asked, named=True)
        return True

    async def _later(self, known: Known, failures: int, error: KitestringError) -> None:
        asked_for = getattr(error, "retry_after", None) or 0
        wait = max(pace.backoff(failures, base=2, most=120), asked_for)
        log.warning("read failed", build=str(known.build.ref), error=str(error), again_in=wait)
        async with self._store.write() as tx:
            await builds.plan_read(tx, known.build.id, self._clock.now() + timedelta(seconds=wait), failures)
