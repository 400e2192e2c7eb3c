"""Reads tracked builds from Buildkite when they are unconfirmed or due.

Only a read decides a build's state; webhooks just make it happen sooner. Lost webhooks therefore delay a card,
but never leave it wrong."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from bot.buildkite.client import Buildkite
from bot.buildkite.endpoints.builds import ignore_builds
from bot.buildkite.request_order import Purpose
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.fold.build_fold import BuildFold
from bot.builds.job_counts import keep_named_jobs
from bot.builds.model import TrackedBuild
from bot.builds.polling.bulk_read import MAX_SINGLE_READS, BulkRead, Listing
from bot.builds.polling.read_pace import ReadPace
from bot.builds.polling.schedule import choose_intervals
from bot.builds.queries import find_builds_due_for_reading, find_next_read_time, plan_read
from bot.errors import BudgetUsedUp, KitestringError, NotFound, Unavailable
from bot.history.queries import are_webhooks_arriving
from bot.notifications.subscriptions.index import SubscriptionCache
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.store.transactions import Transactions, Tx

# A card names only jobs in these states; the counts of all jobs come with every answer.
NAMED_STATES = ("failed", "timed_out", "expired", "blocked")
# Up to this many jobs are listed all, about 600 KB: counted one by one, they leave out wait steps.
MAX_LISTED_JOBS = 250
BATCH = 200
# Up to this many builds are read one by one, with their jobs; more of them share list calls.
MIN_BULK = 5
READ_AHEAD = timedelta(seconds=30)
# A build, and how many reads of it have failed in a row.
DueBuild = tuple[TrackedBuild, int]
log = structlog.stdlib.get_logger(__name__)


class Poller:
    """Reads the states of tracked builds, at a pace that leaves requests for everything else.

    Few builds are read one by one, with their jobs. Many are listed: a list call answers for a hundred builds, and
    settles what it answers for. The jobs of builds that only a list has shown are read beside it. If the pace
    doesn't allow to read all that are due, they are collected until a list answers for them.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        buildkite: Buildkite,
        instance: str,
        wake: Callable[[], None],
        subscribers: SubscriptionCache,
    ) -> None:
        self._subscribers = subscribers
        self._store = store
        self._clock = clock
        self._buildkite = buildkite.for_background(Purpose.STATES, patience=0)
        self._buildkite.observe = ignore_builds
        self._bulk_read = BulkRead(self._buildkite.for_background(Purpose.STATES, patience=0), instance)
        self._pace = ReadPace(clock, self._buildkite.budget)
        self._wake = wake

    async def tick(self) -> int:
        """Read the builds that are due; return how many were read."""
        if self._pace.is_paused:
            return 0
        async with self._store.read() as tx:
            due = await self._find_due(tx)
            webhooks_arriving = await are_webhooks_arriving(tx, self._clock.now())
        count = 0
        if len(due) > self._pace.count_singles(MIN_BULK):
            due, count = await self._read_in_bulk(due, webhooks_arriving)
        count += await self._read_one_by_one(due, webhooks_arriving)
        if count:
            self._wake()
        return count

    async def next_at(self) -> datetime | None:
        """Return when the next build is due and may be read."""
        async with self._store.read() as tx:
            return self._pace.postpone(await find_next_read_time(tx))

    async def _find_due(self, tx: Tx) -> tuple[DueBuild, ...]:
        """Return the builds that are due.

        If lists will be used anyway, builds due within 30 seconds are added: the lists answer for them at no cost,
        and builds started at different times come to share their list calls.
        """
        now = self._clock.now()
        due = await find_builds_due_for_reading(tx, now, BATCH)
        if all(tracked.unconfirmed for tracked, _failures in due):
            return due
        soon = await find_builds_due_for_reading(tx, now + READ_AHEAD, BATCH)
        return soon if len(soon) > MIN_BULK else due

    async def _read_in_bulk(
        self, due: Sequence[DueBuild], webhooks_arriving: bool
    ) -> tuple[tuple[DueBuild, ...], int]:
        """Fold in what lists show; return the builds to read on their own, and how many the lists settled."""
        if not self._pace.may_list(len(due) > MAX_SINGLE_READS):
            return (), 0
        try:
            listing = await run_guarded(self._bulk_read.read([tracked for tracked, _failures in due]), "sweep")
        except KitestringError as error:
            for tracked, failures in due:
                await self._retry_later(tracked, failures + 1, error)
            return (), 0
        self._pace.note(len(listing.pages), listing.refused)
        reported = {tracked.build.id: tracked.changes_reported for tracked, _failures in due}
        await self._fold_pages(listing, reported, webhooks_arriving)
        listed = listing.find_ids()
        unlisted = tuple((tracked, failures) for tracked, failures in due if tracked.build.id not in listed)
        return (unlisted if listing.exhausted else ()), len(due) - len(unlisted)

    async def _fold_pages(self, listing: Listing, reported: dict[str, int], webhooks_arriving: bool) -> None:
        """Fold in all listed builds, whatever they were listed for."""
        for page in listing.pages:
            async with self._store.write() as tx:
                fold = await self._prepare_fold(tx, webhooks_arriving)
                answers = [(build, reported.get(build.id)) for build in page.builds]
                await fold.fold_reads(tx, answers, page.asked_at, wanted_only=True)

    async def _read_one_by_one(self, due: Sequence[DueBuild], webhooks_arriving: bool) -> int:
        """Read builds with their jobs, as many as the pace allows; return how many were read."""
        count = 0
        for tracked, failures in due:
            if not self._pace.may_read() or not await self._read_safely(tracked, failures, webhooks_arriving):
                break
            count += 1
        return count

    async def _read_safely(self, tracked: TrackedBuild, failures: int, webhooks_arriving: bool) -> bool:
        """Read one build; one that fails doesn't hold up the others."""
        try:
            reading = self._read(tracked, failures, webhooks_arriving)
            return await run_guarded(reading, "sweep", build=str(tracked.build.ref))
        except InternalError as bug:
            await self._retry_later(tracked, failures + 1, bug)
            return True

    async def _read(self, tracked: TrackedBuild, failures: int, webhooks_arriving: bool) -> bool:
        """Read one build and fold it in; return False if Buildkite isn't answering, so that the rest waits."""
        # Both are taken before the request: the answer confirms nothing that was reported after it was sent.
        ref, asked_at, reported = tracked.build.ref, self._clock.now(), tracked.changes_reported
        try:
            read = await self._buildkite.build(ref.pipeline, ref.number, job_states=choose_job_states(tracked))
        except BudgetUsedUp as refused:
            self._pace.note(0, refused)
            return False
        except NotFound:
            self._pace.note(1)
            async with self._store.write() as tx:
                fold = BuildFold(self._clock.now(), webhooks_arriving)
                await fold.fold_deletion(tx, tracked.build.id, asked_at, reported)
            return True
        except KitestringError as error:
            await self._retry_later(tracked, failures + 1, error)
            return not isinstance(error, Unavailable)
        self._pace.note(1)
        async with self._store.write() as tx:
            fold = await self._prepare_fold(tx, webhooks_arriving)
            answer = (keep_named_jobs(read, NAMED_STATES), reported)
            await fold.fold_reads(tx, [answer], asked_at, has_named_jobs=True)
        return True

    async def _prepare_fold(self, tx: Tx, webhooks_arriving: bool) -> BuildFold:
        now = self._clock.now()
        matcher = SubscriptionMatcher(await self._subscribers.get_index(tx), now)
        return BuildFold(now, webhooks_arriving, matcher, choose_intervals(self._buildkite.budget.limit))

    async def _retry_later(self, tracked: TrackedBuild, failures: int, error: KitestringError) -> None:
        retry_after = getattr(error, "retry_after", None) or 0
        wait = max(backoff_seconds(failures, base=2, longest=120), retry_after)
        log.warning("read failed", build=str(tracked.build.ref), error=str(error), again_in=wait)
        async with self._store.write() as tx:
            await plan_read(tx, tracked.build.id, self._clock.now() + timedelta(seconds=wait), failures)


def choose_job_states(tracked: TrackedBuild) -> tuple[str, ...]:
    """Return the states of the jobs to list; of a large build only those that a card names."""
    counts = tracked.build.job_state_counts
    return NAMED_STATES if counts and counts.total > MAX_LISTED_JOBS else ()
