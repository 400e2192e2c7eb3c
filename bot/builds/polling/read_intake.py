"""Applies every answer about a tracked build to it, whatever the answer was asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.buildkite.endpoints.builds import BuildsRead
from bot.buildkite.models import Build
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.job_counts import keep_named_jobs
from bot.builds.polling.poller import NAMED_STATES
from bot.builds.polling.queries import find_tracked
from bot.history.queries import are_webhooks_arriving
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import Clock
from bot.store.transactions import Transactions

# Answers kept at most: they're a help, and a webhook or the poller brings whatever is dropped.
_MOST_KEPT = 1000


class ReadIntake:
    """Collects builds that were read for people, menus, links and lookups, and folds in those that are tracked."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        subscribers: SubscriptionCache,
        wake_self: Callable[[], None],
        wake: Callable[[], None],
    ) -> None:
        self._subscribers = subscribers
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
        # Only a read of all jobs shows which of them failed, and how many there are without wait steps.
        lists_all_jobs = read.job_states == ()
        answers = [(_select_known(build, lists_all_jobs), None) for build in read.builds if build.id in tracked]
        if not answers:
            return 0
        async with self._store.write() as tx:
            now = self._clock.now()
            matcher = SubscriptionMatcher(await self._subscribers.get_index(tx), now)
            fold = BuildFold(now, webhooks_arriving, matcher)
            return await fold.fold_reads(
                tx, answers, read.asked_at, has_named_jobs=lists_all_jobs, wanted_only=True
            )


def _select_known(build: Build, lists_all_jobs: bool) -> Build:
    """Return what the answer shows of a build, with only the jobs that a card would name."""
    known = keep_named_jobs(build, NAMED_STATES)
    return known if lists_all_jobs else known.model_copy(update={"job_state_counts": None})
