"""Applies every answer about a tracked build to it, whatever the answer was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from bot.buildkite.endpoints.builds import BuildsRead
from bot.builds.fold.build_fold import BuildFold
from bot.builds.job_counts import keep_named_jobs
from bot.builds.polling.poller import NAMED_STATES
from bot.builds.polling.queries import find_tracked
from bot.history.queries import are_webhooks_arriving
from bot.runtime.clock import Clock
from bot.store.transactions import Transactions

# Answers kept at most: they're a help, and a webhook or the poller brings whatever is dropped.
_MOST_KEPT = 1000


class ReadIntake:
    """Collects builds that were read for people, menus, links and lookups, and folds in those that are tracked."""

    def __init__(
        self, store: Transactions, clock: Clock, wake_self: Callable[[], None], wake: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._wake_self = wake_self
        self._wake = wake
        self._reads: list[BuildsRead] = []

    def note(self, read: BuildsRead) -> None:
        """Keep an answer until the next tick."""
        if read.builds and len(self._reads) < _MOST_KEPT:
            self._reads.append(read)
            self._wake_self()

    async def tick(self) -> int:
        """Fold in what was read; return how many tracked builds that was."""
        reads, self._reads = self._reads, []
        count = sum([await self._fold(read) for read in reads])
        if count:
            self._wake()
        return count

    async def next_at(self) -> datetime | None:
        """Return that nothing is due: answers wake the loop."""
        return None

    async def _fold(self, read: BuildsRead) -> int:
        async with self._store.read() as tx:
            tracked = await find_tracked(tx, tuple(build.id for build in read.builds))
            webhooks_arriving = await are_webhooks_arriving(tx, self._clock.now())
        answers = [(keep_named_jobs(build, NAMED_STATES), None) for build in read.builds if build.id in tracked]
        if not answers:
            return 0
        async with self._store.write() as tx:
            fold = BuildFold(self._clock.now(), webhooks_arriving)
            return await fold.fold_reads(
                tx, answers, read.asked_at, has_named_jobs=_names_jobs(read.job_states), wanted_only=True
            )


def _names_jobs(job_states: Sequence[str] | None) -> bool:
    """Return whether the answer lists every job that a card would name."""
    return job_states is not None and (not job_states or set(NAMED_STATES) <= set(job_states))
