"""Builds of one transaction with their jobs, cards and replies: read, changed in memory and written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.buildkite.models import Build, Job
from bot.builds.cards.queries import mark_cards_due, mark_counts_due
from bot.builds.failures.queries import JOB_DETAILS, plan_lookup
from bot.builds.fold import merge
from bot.builds.fold.queries import (
    BuildUpdate,
    NewReply,
    drop_replies,
    enqueue_replies,
    find_cards_of_builds,
    find_failed_jobs,
    find_replies,
    format_reply_key,
    lock_builds,
    save_builds,
    save_jobs,
)
from bot.builds.model import Card, TrackedBuild
from bot.builds.queries import find_jobs, insert_build, start_polling
from bot.store.transactions import Tx


@dataclass
class BatchEntry:
    """One build of a batch, as it was `before` and as it is `tracked` now.

    `polled_since` is None for a build that isn't polled. `next_read` is written only where `read_planned`.
    `named_job_changed`: a job that cards name has changed. `failed_before`: another job of the build has failed
    and still counts, as far as `load_earlier_failures` has checked.
    """

    before: TrackedBuild | None = None
    tracked: TrackedBuild | None = None
    polled_since: datetime | None = None
    next_read: datetime | None = None
    read_planned: bool = False
    has_new_card: bool = False
    needs_redraw: bool = False
    named_job_changed: bool = False
    needs_failure_lookup: bool = False
    needs_job_details: bool = False
    cards: list[Card] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    failed_before: bool = False

    @property
    def has_failed_job(self) -> bool:
        """Return whether a failed job that still counts is known by name."""
        return self.failed_before or any(job.failed for job in self.jobs.values())

    @property
    def current(self) -> TrackedBuild:
        """Return the build as tracked now. Raise LookupError if nothing is known about it."""
        if self.tracked is None:
            raise LookupError("the build isn't tracked")
        return self.tracked

    @property
    def is_changed(self) -> bool:
        """Return whether people see anything different from before."""
        now, then = self.current, self.before
        return then is None or now.revision != then.revision or now.unconfirmed != then.unconfirmed

    @property
    def only_counts_changed(self) -> bool:
        """Return whether the job counts are all that people see changed."""
        return (
            not self.named_job_changed
            and self.before is not None
            and _select_visible_without_jobs(self.before) == _select_visible_without_jobs(self.current)
        )

    @property
    def build_update(self) -> BuildUpdate:
        """Return the columns' values to write, before and after."""
        return BuildUpdate(self.current, self.before, read_planned=self.read_planned, next_read=self.next_read)

    @property
    def audience(self) -> list[Card]:
        """Return the cards that get replies: live ones, and lost ones that a person requested."""
        return [card for card in self.cards if card.state == "live" or (card.state == "gone" and card.asked_by)]


def _select_visible_without_jobs(tracked: TrackedBuild) -> tuple[object, ...]:
    return merge.select_visible(tracked.build), tracked.deleted, tracked.unconfirmed, tracked.generation


class BuildBatch:
    """The builds of one transaction, with their rows locked.

    Every transaction locks builds in the order of their ids. Two replicas that fold overlapping sets of builds
    then wait for each other, but never in a circle, so there are no deadlocks to retry.
    """

    def __init__(self, tx: Tx, now: datetime) -> None:
        self.tx = tx
        self.now = now
        self._entries: dict[str, BatchEntry] = {}
        self._jobs: dict[str, Job] = {}
        self._reply_states: defaultdict[str, dict[tuple[int, str], str]] = defaultdict(dict)
        self._overtaken: list[str] = []
        self._replies: list[NewReply] = []

    @classmethod
    async def open(cls, tx: Tx, now: datetime, ids: Iterable[str], job_ids: Iterable[str] = ()) -> BuildBatch:
        """Lock these builds and read all that is known about them and about these jobs."""
        batch = cls(tx, now)
        wanted = sorted(set(ids))
        batch._entries = {id_: BatchEntry() for id_ in wanted}
        for tracked, polled_since in await lock_builds(tx, wanted):
            batch._entries[tracked.build.id] = BatchEntry(tracked, tracked, polled_since)
        known_ids = [id_ for id_, entry in batch._entries.items() if entry.tracked]
        # Most webhooks are about builds that no card needs: they cost the one query above.
        if known_ids:
            batch._jobs = await find_jobs(tx, sorted(set(job_ids)))
            await batch._load_cards(known_ids)
        return batch

    async def _load_cards(self, ids: Sequence[str]) -> None:
        for card in await find_cards_of_builds(self.tx, ids):
            self._entries[card.build_id].cards.append(card)
        card_ids = [card.id for id_ in ids for card in self._entries[id_].audience]
        for card_id, generation, kind, state in await find_replies(self.tx, card_ids):
            self._reply_states[card_id][generation, kind] = state

    def __getitem__(self, build_id: str) -> BatchEntry:
        return self._entries[build_id]

    async def claim(self, first: TrackedBuild) -> TrackedBuild | None:
        """Insert the row of a build that has none. Return the build if another replica inserted it first."""
        id_ = first.build.id
        if await insert_build(self.tx, first, self.now):
            return None
        (tracked, polled_since), *_ = await lock_builds(self.tx, [id_])
        self._entries[id_] = BatchEntry(tracked, tracked, polled_since)
        await self._load_cards([id_])
        return tracked

    def find_build(self, build_id: str) -> Build | None:
        """Return the build as tracked now."""
        tracked = self._entries[build_id].tracked
        return tracked.build if tracked else None

    def put_build(self, after: TrackedBuild) -> None:
        """Replace the tracked build."""
        self._entries[after.build.id].tracked = after

    def find_job(self, job_id: str) -> Job | None:
        """Return the job as known now."""
        return self._jobs.get(job_id)

    def put_job(self, build_id: str, job: Job) -> None:
        """Replace a job of the build."""
        entry, before = self._entries[build_id], self._jobs.get(job.id)
        states = [state for state in (before, job) if state]
        entry.named_job_changed |= any(state.failed or state.awaits_unblock for state in states)
        self._jobs[job.id] = entry.jobs[job.id] = job

    def merge_jobs(self, build_id: str, jobs: Sequence[Job]) -> bool:
        """Merge jobs into the build; return whether any of them looks different now."""
        retried_ids = {job.retry_source.job_id for job in jobs if job.retry_source and job.retry_source.job_id}
        # A retry names the job that it replaces, which may get no webhook of its own.
        retried = [merge.mark_retried(job) for job in map(self.find_job, sorted(retried_ids)) if job]
        merged = [
            (self.find_job(job.id), merge.merge_job(self.find_job(job.id), job)) for job in (*jobs, *retried)
        ]
        changed = [
            after
            for before, after in merged
            if merge.select_visible_of_job(after) != merge.select_visible_of_job(before)
        ]
        for job in changed:
            self.put_job(build_id, job)
        return bool(changed)

    async def load_earlier_failures(self, ids: Sequence[str]) -> None:
        """Find out which of these builds have a failed job that this batch doesn't change."""
        for build_id, job in await find_failed_jobs(self.tx, ids) if ids else ():
            entry = self._entries[build_id]
            entry.failed_before = entry.failed_before or (job.failed and job.id not in entry.jobs)

    def find_channels_with_card(self, build_id: str) -> frozenset[str]:
        """Return the channels that have or had a card of the build, not counting link previews."""
        return frozenset(
            card.thread.channel for card in self._entries[build_id].cards if card.origin != "unfurled"
        )

    async def start_polling(self, build_id: str) -> None:
        """Have the poller read this build from now on."""
        await start_polling(self.tx, build_id, self.now, self.now)
        self._entries[build_id].polled_since = self.now

    def add_card(self, card: Card) -> None:
        """Add a card whose row has been written already."""
        entry = self._entries[card.build_id]
        entry.cards.append(card)
        entry.has_new_card = True

    def find_reply_kinds(self, card: Card, generation: int) -> frozenset[str]:
        """Return the kinds of replies that a card has had in this generation."""
        return frozenset(kind for posted_in, kind in self._reply_states[card.id] if posted_in == generation)

    def queue_reply(self, card: Card, kind: str, generation: int, *, dropped: bool) -> None:
        """Queue a reply to a card; `dropped` only records it, so that it isn't posted later."""
        self._replies.append(NewReply(card, kind, generation, "dropped" if dropped else "due"))

    def drop_overtaken(self, card: Card, kinds: tuple[str, ...]) -> None:
        """Drop queued replies of these kinds that haven't been posted yet."""
        queued = [reply for reply, state in self._reply_states[card.id].items() if state == "due"]
        self._overtaken += [
            format_reply_key(card.id, kind, generation) for generation, kind in queued if kind in kinds
        ]

    async def write(self) -> None:
        """Write all changes, in a fixed number of statements."""
        entries = {id_: entry for id_, entry in self._entries.items() if entry.tracked}
        changed_jobs = [(id_, job) for id_, entry in entries.items() for job in entry.jobs.values()]
        await save_jobs(self.tx, changed_jobs, self.now)
        await save_builds(self.tx, [entry.build_update for entry in entries.values()], self.now)
        # A card of which only counts changed may wait for its turn, so it isn't made due like the others.
        redrawn = {id_: entry.only_counts_changed for id_, entry in entries.items() if entry.needs_redraw}
        await mark_cards_due(self.tx, [id_ for id_, counts_only in redrawn.items() if not counts_only], self.now)
        await mark_counts_due(self.tx, [id_ for id_, counts_only in redrawn.items() if counts_only], self.now)
        await enqueue_replies(self.tx, self._replies, self.now)
        await drop_replies(self.tx, self._overtaken)
        failing = [(id_, entry.current.generation) for id_, entry in entries.items() if entry.needs_failure_lookup]
        await plan_lookup(self.tx, failing, self.now)
        listed = [(id_, entry.current.generation) for id_, entry in entries.items() if entry.needs_job_details]
        await plan_lookup(self.tx, listed, self.now, JOB_DETAILS)
