"""Applies webhooks and reads to tracked builds, and decides what follows: redraws, replies and further reads."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.buildkite.models import Build, Job
from bot.buildkite.resources import MARK_KEY
from bot.builds.cards.queries import adopt_card, ensure_card
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.failures.knowledge import plan_failure_lookup
from bot.builds.failures.model import is_failing
from bot.builds.fold import merge
from bot.builds.fold.batch import BatchEntry, BuildBatch
from bot.builds.fold.consequences import needs_earlier_failures, needs_job_details, queue_replies
from bot.builds.model import Card, NewCard
from bot.builds.polling.schedule import READ_INTERVALS, ReadIntervals, plan_next_read
from bot.builds.queries import find_named_jobs, start_polling
from bot.history.recorder import record_builds
from bot.notifications.queries import find_channel_settings
from bot.store.transactions import Tx

# A build, and the jobs that the webhook is about.
WebhookReport = tuple[Build, Sequence[Job]]
# A build, and how many changes of it had been reported when the request was sent; None if nobody counted.
ReadAnswer = tuple[Build, int | None]


@dataclass(frozen=True)
class BuildFold:
    """Applies reports at the moment `now`; without a `matcher`, no subscription gets a card.

    `intervals` are those at which builds are read again.

    Each fold is one pass: lock the builds, merge everything reported about them, then decide once per build what
    follows. However many webhooks a batch holds, a build is redrawn, answered and scheduled once.
    """

    now: datetime
    webhooks_arriving: bool
    matcher: SubscriptionMatcher | None = None
    intervals: ReadIntervals = READ_INTERVALS

    async def fold_webhooks(self, tx: Tx, reports: Iterable[WebhookReport]) -> int:
        """Fold in webhooks about builds that are tracked, started by Kitestring, or wanted by a subscription.

        Return how many builds that was. The webhooks of a build just started may arrive before the answer to the
        request that started it, so an unknown build with Kitestring's mark is tracked right away.
        """
        reports = list(reports)
        by_build = _group_by_build(reports)
        job_ids = _collect_job_ids(jobs for group in by_build.values() for _build, jobs in group)
        batch = await BuildBatch.open(tx, self.now, by_build, job_ids)
        # History records every build, tracked or not; it compares with the state before this batch.
        await record_builds(tx, reports, self.now, batch.find_build)
        tracked_ids = [id_ for id_, group in by_build.items() if await self._fold_reports_of_build(batch, group)]
        await self._conclude(batch, tracked_ids)
        return len(tracked_ids)

    async def _fold_reports_of_build(self, batch: BuildBatch, reports: Iterable[WebhookReport]) -> bool:
        """Fold in the reports about one build, in the order they arrived; return whether the build is tracked."""
        last, is_tracked, visible_changes = None, False, 0
        for build, jobs in reports:
            # The webhooks of a build's jobs often repeat the same build, which is decoded only once.
            is_tracked = is_tracked if build is last else await self._fold_report(batch, build)
            visible_changes += is_tracked and batch.merge_jobs(build.id, jobs)
            last = build
        if is_tracked:
            batch.put_build(merge.bump_revision(batch[build.id].current, visible_changes))
        return is_tracked

    async def _fold_report(self, batch: BuildBatch, build: Build) -> bool:
        """Fold in one report about the build itself; return whether the build is tracked."""
        before = batch[build.id].tracked
        if before is None:
            if not await self._is_wanted(batch.tx, build):
                return False
            before = await batch.claim(merge.apply_webhook(None, build, self.now))
        batch.put_build(merge.apply_webhook(before, build, self.now))
        return True

    async def fold_reads(
        self,
        tx: Tx,
        answers: Iterable[ReadAnswer],
        asked_at: datetime,
        *,
        has_named_jobs: bool = False,
        wanted_only: bool = False,
    ) -> int:
        """Fold in builds read from Buildkite; `asked_at` is when the requests were sent. Return how many that was.

        Each answer carries the number of changes reported when its request was sent: a later change isn't
        confirmed by it. `has_named_jobs`: the answers list every job that a card would name, so a job that is
        missing has been retried or unblocked. `wanted_only`: a list may contain any builds; those that are neither
        tracked nor wanted are only recorded in the history.
        """
        ordered = sorted(answers, key=lambda answer: answer[0].id)
        reports = [(build, build.jobs) for build, _reported in ordered]
        batch = await BuildBatch.open(
            tx,
            self.now,
            [build.id for build, _jobs in reports],
            _collect_job_ids(jobs for _build, jobs in reports),
        )
        await record_builds(tx, reports, self.now)
        folded = []
        for build, reported in ordered:
            if batch[build.id].tracked or not wanted_only or await self._is_wanted(tx, build):
                folded.append(build.id)
                await self._fold_read(batch, build, reported, asked_at, has_named_jobs)
        await self._conclude(batch, folded)
        return len(folded)

    async def _fold_read(
        self, batch: BuildBatch, build: Build, reported: int | None, asked_at: datetime, has_named_jobs: bool
    ) -> None:
        before = batch[build.id].tracked
        if before is None:
            first = merge.apply_read(None, build, asked_at, reported or 0, has_named_jobs=has_named_jobs)
            before = await batch.claim(first)
        if reported is None:
            if before and before.read_at and asked_at <= before.read_at:
                return  # nobody knows which of two answers of the same moment is the newer one
            reported = merge.count_reported_before(before, asked_at) if before else 0
        superseded = await self._find_superseded_jobs(batch.tx, build, asked_at) if has_named_jobs else ()
        after = merge.apply_read(before, build, asked_at, reported, has_named_jobs=has_named_jobs)
        batch.put_build(merge.bump_revision(after, batch.merge_jobs(build.id, (*build.jobs, *superseded))))

    async def fold_deletion(self, tx: Tx, build_id: str, asked_at: datetime, reported_when_asked: int) -> None:
        """Fold in that Buildkite no longer returns the build."""
        batch = await BuildBatch.open(tx, self.now, [build_id])
        before = batch[build_id].tracked
        if before:
            batch.put_build(merge.apply_deletion(before, asked_at, reported_when_asked))
            await self._conclude(batch, [build_id])

    async def track(self, tx: Tx, build: Build, new: NewCard) -> Card:
        """Give a build that was just read a card with the channel's settings, and poll it from now on."""
        # Zero changes: this read may be older than a webhook that has arrived meanwhile, so it confirms none.
        await self.fold_reads(tx, [(build, 0)], self.now)
        batch = await BuildBatch.open(tx, self.now, [build.id])
        entry = batch[build.id]
        due = plan_next_read(entry.current, self.now, self.now, webhooks_arriving=self.webhooks_arriving)
        await start_polling(tx, build.id, self.now, due)
        settings = await find_channel_settings(tx, new.thread.team, new.thread.channel)
        new = replace(new, updates=settings.updates, broadcast=settings.broadcast)
        card = await ensure_card(tx, build.id, new, self.now)
        await plan_failure_lookup(tx, entry.current, self.now)
        # The id differs if the build has a card in this place already.
        if card.id == new.id:
            await batch.load_earlier_failures([build.id])
            # The new card shows what is true by now: those replies are recorded, not posted.
            queue_replies(batch, entry, card, dropped=True)
            await batch.write()
        elif card.origin == "subscribed" and new.asked_by:
            await adopt_card(tx, card, new, self.now)
        return card

    async def assume_end(self, tx: Tx, build_id: str) -> None:
        """Take an unconfirmed end as confirmed, because it is about to be announced.

        If the build turns out to be alive, that is a new generation with replies of its own.
        """
        batch = await BuildBatch.open(tx, self.now, [build_id])
        tracked = batch[build_id].tracked
        if tracked:
            batch.put_build(merge.assume_confirmed(tracked))
            await batch.write()

    async def _is_wanted(self, tx: Tx, build: Build) -> bool:
        """Return whether to track an unknown build: Kitestring started it, or a subscription may want it."""
        if MARK_KEY in build.meta_data:
            return True
        return self.matcher is not None and bool(
            await self.matcher.find_wanting(tx, build, include_unknown_steps=True)
        )

    async def _find_superseded_jobs(self, tx: Tx, build: Build, asked_at: datetime) -> tuple[Job, ...]:
        """Return jobs that were named before the request was sent, and that the answer no longer lists."""
        listed = {job.id for job in build.jobs}
        named = await find_named_jobs(tx, build.id, asked_at)
        return tuple(merge.mark_superseded(job) for job in named if job.id not in listed)

    async def _conclude(self, batch: BuildBatch, ids: Sequence[str]) -> None:
        """Decide once per build what follows from the merged state, and write it."""
        if self.matcher is not None:
            for id_ in ids:
                await self.matcher.add_cards(batch, batch[id_].current)
        entries = [batch[id_] for id_ in ids if batch[id_].polled_since]
        await batch.load_earlier_failures(
            [entry.current.build.id for entry in entries if needs_earlier_failures(entry)]
        )
        for entry in entries:
            self._plan_follow_up(entry)
            for card in entry.audience:
                queue_replies(batch, entry, card)
        await batch.write()

    def _plan_follow_up(self, entry: BatchEntry) -> None:
        since = entry.polled_since or self.now
        entry.read_planned = True
        entry.next_read = plan_next_read(
            entry.current,
            self.now,
            since,
            webhooks_arriving=self.webhooks_arriving,
            intervals=self.intervals,
        )
        entry.needs_job_details = needs_job_details(entry)
        entry.needs_redraw = entry.is_changed
        entry.needs_failure_lookup = entry.is_changed and is_failing(
            entry.current, has_named_job=entry.has_failed_job
        )


def _group_by_build(reports: Iterable[WebhookReport]) -> dict[str, list[WebhookReport]]:
    """Group reports by build, builds in the order of their ids, reports in the order they arrived."""
    by_build: dict[str, list[WebhookReport]] = {}
    # The sort is stable, so the reports about one build stay in order.
    for report in sorted(reports, key=lambda report: report[0].id):
        by_build.setdefault(report[0].id, []).append(report)
    return by_build


def _collect_job_ids(job_lists: Iterable[Sequence[Job]]) -> list[str]:
    """Return the ids of the jobs, and of the jobs that they retry."""
    reported = [job for jobs in job_lists for job in jobs]
    retried_ids = [job.retry_source.job_id for job in reported if job.retry_source]
    return [job.id for job in reported] + [id_ for id_ in retried_ids if id_]
