"""Reads the jobs of builds that only a list has shown: which failed, which block, how many there are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.builds import ignore_builds
from bot.buildkite.request_order import Purpose
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.fold.merge import lacks_job_details
from bot.builds.job_counts import keep_named_jobs
from bot.builds.polling.poller import NAMED_STATES, choose_job_states
from bot.builds.polling.queries import DueJobs, find_due_jobs, find_next_jobs_due, plan_jobs
from bot.builds.polling.schedule import choose_intervals
from bot.errors import BudgetUsedUp, KitestringError, NotFound
from bot.history.queries import are_webhooks_arriving
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.store.transactions import Transactions

BATCH = 20
log = structlog.stdlib.get_logger(__name__)


class JobDetails:
    """Reads what lists don't show of builds, as far as there are requests for it.

    The jobs of builds that fail or are blocked are read for the purpose of failures, those of all others after
    everything else.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        subscribers: SubscriptionCache,
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._clients = {
            important: buildkite.for_background(Purpose.FAILURES if important else Purpose.OTHER, patience=0)
            for important in (True, False)
        }
        for client in self._clients.values():
            client.observe = ignore_builds
        self._resume_at = dict.fromkeys(self._clients, 0.0)
        self._subscribers = subscribers
        self._wake = wake

    async def tick(self) -> int:
        """Read the jobs that are due, the important ones first; return of how many builds."""
        count = 0
        for important in self._clients:
            count += await self._read_group(important)
        if count:
            self._wake()
        return count

    async def next_at(self) -> datetime | None:
        """Return when the next jobs are due and may be read."""
        async with self._store.read() as tx:
            due = [self._postpone(await find_next_jobs_due(tx, important=group), group) for group in self._clients]
        return min((moment for moment in due if moment), default=None)

    def _postpone(self, due: datetime | None, important: bool) -> datetime | None:
        left = self._resume_at[important] - self._clock.monotonic()
        return max(due, self._clock.now() + timedelta(seconds=left)) if due and left > 0 else due

    async def _read_group(self, important: bool) -> int:
        if self._clock.monotonic() < self._resume_at[important]:
            return 0
        async with self._store.read() as tx:
            due = await find_due_jobs(tx, self._clock.now(), BATCH, important=important)
        count = 0
        for jobs in due:
            try:
                count += await run_guarded(self._read(jobs, self._clients[important]), "jobs")
            except BudgetUsedUp as refused:
                self._resume_at[important] = self._clock.monotonic() + (refused.retry_after or 0.0)
                break
            except KitestringError as error:
                await self._retry_later(jobs, error)
        return count

    async def _read(self, jobs: DueJobs, buildkite: Buildkite) -> bool:
        """Read the jobs of a build and fold them in, unless that has been done or nobody needs it any more."""
        tracked, asked_at = jobs.tracked, self._clock.now()
        if not lacks_job_details(tracked):
            await self._finish(jobs)
            return False
        ref = tracked.build.ref
        try:
            read = await buildkite.build(ref.pipeline, ref.number, job_states=choose_job_states(tracked))
        except NotFound:
            # The poller finds out by itself that the build is gone.
            await self._finish(jobs)
            return False
        async with self._store.write() as tx:
            now = self._clock.now()
            matcher = SubscriptionMatcher(await self._subscribers.get_index(tx), now)
            intervals = choose_intervals(buildkite.budget.limit)
            fold = BuildFold(now, await are_webhooks_arriving(tx, now), matcher, intervals)
            await plan_jobs(tx, jobs, None)
            answer = (keep_named_jobs(read, NAMED_STATES), tracked.changes_reported)
            await fold.fold_reads(tx, [answer], asked_at, has_named_jobs=True)
        return True

    async def _finish(self, jobs: DueJobs) -> None:
        async with self._store.write() as tx:
            await plan_jobs(tx, jobs, None)

    async def _retry_later(self, jobs: DueJobs, error: KitestringError) -> None:
        failures = jobs.failures + 1
        wait = max(backoff_seconds(failures), getattr(error, "retry_after", None) or 0)
        log.warning("jobs not read", build=str(jobs.tracked.build.ref), error=str(error), again_in=wait)
        async with self._store.write() as tx:
            await plan_jobs(tx, jobs, self._clock.now() + timedelta(seconds=wait), failures)
