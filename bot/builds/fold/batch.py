"""Several builds with their jobs, cards and replies: read together, changed in memory, written together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.buildkite.models import Build, Job
from bot.builds.cards.queries import mark_cards_due, mark_counts_due
from bot.builds.failures.queries import plan_lookup
from bot.builds.fold import merge
from bot.builds.fold.queries import (
    BuildUpdate,
    NewReply,
    drop_replies,
    enqueue_replies,
    find_cards_of_builds,
    find_failed_jobs,
    find_replies,
    lock_builds,
    reply_key,
    save_builds,
    save_jobs,
)
from bot.builds.model import Card, TrackedBuild
from bot.builds.queries import find_jobs, insert_build, mark_followed
from bot.store.transactions import Tx


@dataclass
class BatchEntry:
    """One build: as it was `before`, and as it is `known` now. `followed`: since when; None: it is not.

    `due`: when it is to be read next; `offered`: it has a new card; `drawn`: its cards are to be drawn again;
    `named`: a job that cards name is another, or was; `lacking`: why it fails is to be looked up; `failed_before`:
    one of the jobs that are not changed has failed for good, where that was looked at.
    """

    before: TrackedBuild | None = None
    tracked: TrackedBuild | None = None
    followed: datetime | None = None
    due: datetime | None = None
    planned: bool = False
    offered: bool = False
    drawn: bool = False
    named: bool = False
    lacking: bool = False
    cards: list[Card] = field(default_factory=list)
    jobs: dict[str, Job] = field(default_factory=dict)
    failed_before: bool = False

    @property
    def failed(self) -> bool:
        """A job that failed for good is known by name."""
        return self.failed_before or any(job.failed for job in self.jobs.values())

    @property
    def here(self) -> TrackedBuild:
        """What is known of it. Raises LookupError for one that nothing is known of."""
        if self.tracked is None:
            raise LookupError("nothing is known of that build")
        return self.tracked

    @property
    def changed(self) -> bool:
        """People see something else than before."""
        now, then = self.here, self.before
        return then is None or now.revision != then.revision or now.unconfirmed != then.unconfirmed

    @property
    def counted(self) -> bool:
        """Of what people see only this has changed: how many jobs are where."""
        return (
            not self.named and self.before is not None and _but_for_jobs(self.before) == _but_for_jobs(self.here)
        )

    @property
    def saved(self) -> BuildUpdate:
        """What is written of it: of most words only that they were heard."""
        return BuildUpdate(self.here, self.before, planned=self.planned, due=self.due)

    @property
    def audience(self) -> list[Card]:
        """The cards below which something is said: those kept up, and lost ones that somebody asked for."""
        return [card for card in self.cards if card.state == "live" or (card.state == "gone" and card.asked_by)]


def _but_for_jobs(tracked: TrackedBuild) -> tuple[object, ...]:
    return merge.visible(tracked.build), tracked.deleted, tracked.unconfirmed, tracked.generation


class BuildBatch:
    """The builds of one transaction, locked in the order of their ids: nobody waits in a circle."""

    def __init__(self, tx: Tx, now: datetime) -> None:
        self.tx = tx
        self.now = now
        self._entries: dict[str, BatchEntry] = {}
        self._jobs: dict[str, Job] = {}
        self._told: defaultdict[str, dict[tuple[int, str], str]] = defaultdict(dict)
        self._overtaken: list[str] = []
        self._replies: list[NewReply] = []

    @classmethod
    async def opened(cls, tx: Tx, now: datetime, ids: Iterable[str], job_ids: Iterable[str] = ()) -> BuildBatch:
        """With everything that is known of those builds, and of those jobs."""
        ledger = cls(tx, now)
        wanted = sorted(set(ids))
        ledger._entries = {id_: BatchEntry() for id_ in wanted}
        for known, followed in await lock_builds(tx, wanted):
            ledger._entries[known.build.id] = BatchEntry(known, known, followed)
        there = [id_ for id_, entry in ledger._entries.items() if entry.tracked]
        if there:
            ledger._jobs = await find_jobs(tx, sorted(set(job_ids)))
            await ledger._see_cards(there)
        return ledger

    async def _see_cards(self, ids: Sequence[str]) -> None:
        for card in await find_cards_of_builds(self.tx, ids):
            self._entries[card.build_id].cards.append(card)
        heard = [card.id for id_ in ids for card in self._entries[id_].audience]
        for card_id, episode, kind, state in await find_replies(self.tx, heard):
            self._told[card_id][episode, kind] = state

    def __getitem__(self, build_id: str) -> BatchEntry:
        return self._entries[build_id]

    async def claim(self, first: TrackedBuild) -> TrackedBuild | None:
        """Write the row of a build that has none; gives what another replica wrote there a moment ago."""
        id_ = first.build.id
        if await insert_build(self.tx, first, self.now):
            return None
        (known, followed), *_ = await lock_builds(self.tx, [id_])
        self._entries[id_] = BatchEntry(known, known, followed)
        await self._see_cards([id_])
        return known

    def build(self, build_id: str) -> Build | None:
        """The build as it is known."""
        known = self._entries[build_id].tracked
        return known.build if known else None

    def put(self, after: TrackedBuild) -> None:
        """So much is known of a build now."""
        self._entries[after.build.id].tracked = after

    def job(self, job_id: str) -> Job | None:
        """A job as it is known."""
        return self._jobs.get(job_id)

    def put_job(self, build_id: str, job: Job) -> None:
        """So much is known of a job now."""
        entry, before = self._entries[build_id], self._jobs.get(job.id)
        entry.named = entry.named or any(item.failed or item.waits for item in (before, job) if item)
        self._jobs[job.id] = entry.jobs[job.id] = job

    async def see_failed(self, ids: Sequence[str]) -> None:
        """Find out which of those builds had a job that failed for good before."""
        for build_id, job in await find_failed_jobs(self.tx, ids) if ids else ():
            entry = self._entries[build_id]
            entry.failed_before = entry.failed_before or (job.failed and job.id not in entry.jobs)

    def taken(self, build_id: str) -> frozenset[str]:
        """The channels that have a card of that build already, or had one; a preview below a link is none."""
        return frozenset(
            card.thread.channel for card in self._entries[build_id].cards if card.origin != "unfurled"
        )

    async def follow(self, build_id: str) -> None:
        """From now on the sweep looks after that build."""
        await mark_followed(self.tx, build_id, self.now, self.now)
        self._entries[build_id].followed = self.now

    def wanted(self, card: Card) -> None:
        """There is one card more, written already."""
        entry = self._entries[card.build_id]
        entry.cards.append(card)
        entry.offered = True

    def told(self, card: Card, episode: int) -> frozenset[str]:
        """The kinds of replies that a card has had in an episode."""
        return frozenset(kind for told_in, kind in self._told[card.id] if told_in == episode)

    def tell(self, card: Card, kind: str, episode: int, *, dropped: bool) -> None:
        """Say something below a card, once."""
        self._replies.append(NewReply(card, kind, episode, "dropped" if dropped else "due"))

    def overtake(self, card: Card, kinds: tuple[str, ...]) -> None:
        """What of these kinds is written, and was not posted yet, needs no saying any more."""
        waits = [said for said, state in self._told[card.id].items() if said[1] in kinds and state == "due"]
        self._overtaken += [reply_key(card.id, kind, episode) for episode, kind in waits]

    async def write(self) -> None:
        """All that has changed."""
        there = {id_: item for id_, item in self._entries.items() if item.tracked}
        changed = [(id_, job) for id_, item in there.items() for job in item.jobs.values()]
        await save_jobs(self.tx, changed, self.now)
        await save_builds(self.tx, [item.saved for item in there.values()], self.now)
        drawn = {id_: item.counted for id_, item in there.items() if item.drawn}
        await mark_cards_due(self.tx, [id_ for id_, counted in drawn.items() if not counted], self.now)
        await mark_counts_due(self.tx, [id_ for id_, counted in drawn.items() if counted], self.now)
        await enqueue_replies(self.tx, self._replies, self.now)
        await drop_replies(self.tx, self._overtaken)
        await plan_lookup(
            self.tx, [(id_, item.here.generation) for id_, item in there.items() if item.lacking], self.now
        )
