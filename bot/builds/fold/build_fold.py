"""What follows when something new is known of a build: cards to draw, notices to post, reads to plan."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.buildkite.models import Build, Job
from bot.buildkite.resources import MARK_KEY
from bot.builds.cards.queries import ensure_card, update_card
from bot.builds.cards.subscribed_cards import SubscriptionMatcher
from bot.builds.failures.knowledge import plan_failure_lookup
from bot.builds.failures.model import FAILING_PHASES, is_failing
from bot.builds.fold import merge
from bot.builds.fold.batch import BatchEntry, BuildBatch
from bot.builds.model import Card
from bot.builds.polling.schedule import next_read_time
from bot.builds.queries import find_named_jobs, mark_followed
from bot.builds.replies.kinds import END_KINDS, OVERTAKEN_BY_AN_END, due_kinds, select_kinds
from bot.history.recorder import record_builds
from bot.notifications.queries import find_channel_settings
from bot.slack.types import Thread
from bot.store.transactions import Tx

# What a webhook says: a build, and the jobs that it is about.
Word = tuple[Build, Sequence[Job]]
# What REST says: a build, and how many doubts had been raised when it was asked.
Answer = tuple[Build, int]
# Of these other things are told once a failed job is known by name.
_TELLING = frozenset({"running", *FAILING_PHASES})


@dataclass(frozen=True)
class BuildFold:
    """The rules of one moment: `now`, whether webhooks are arriving (`alive`), and who wants what (`news`)."""

    now: datetime
    alive: bool
    news: SubscriptionMatcher | None = None

    async def heard(self, tx: Tx, said: Iterable[Word]) -> int:
        """Fold in what webhooks said of builds that are followed, ours, or wanted; says how many builds those are.

        A build that was just started may be heard of before the answer to the one who started it is written.
        """
        said = list(said)
        words = _by_build(said)
        spoken_of = _job_ids(jobs for words_of_one in words.values() for _build, jobs in words_of_one)
        ledger = await BuildBatch.opened(tx, self.now, words, spoken_of)
        await record_builds(tx, said, self.now, ledger.build)
        taken = [id_ for id_, words_of_one in words.items() if await self._hear(ledger, words_of_one)]
        await self._conclude(ledger, taken)
        return len(taken)

    async def _hear(self, ledger: BuildBatch, said: Iterable[Word]) -> bool:
        """What is said of one build, as it came; what is told of its jobs often repeats what was said of it."""
        last, taken, looks = None, False, 0
        for build, jobs in said:
            taken = taken if build is last else await self._hear_of(ledger, build)
            looks += taken and _with_jobs(ledger, build.id, jobs)
            last = build
        if taken:
            ledger.put(merge.bump_revision(ledger[build.id].here, looks))
        return taken

    async def _hear_of(self, ledger: BuildBatch, build: Build) -> bool:
        """What is said of the build itself; says whether it matters to anybody."""
        before = ledger[build.id].tracked
        if before is None:
            if not await self._minded(ledger.tx, build):
                return False
            before = await ledger.claim(merge.apply_webhook(None, build, self.now))
        ledger.put(merge.apply_webhook(before, build, self.now))
        return True

    async def read(self, tx: Tx, answers: Iterable[Answer], asked_at: datetime, *, named: bool = False) -> None:
        """Fold in what REST answered to a question asked at `asked_at`: builds, with the doubts raised by then.

        `named`: an answer has every job that a card would name, so that one which is missing has been
        retried or unblocked.
        """
        answered = sorted(answers, key=lambda item: item[0].id)
        await record_builds(tx, [(build, build.jobs) for build, _asked in answered], self.now)
        ids = [build.id for build, _asked in answered]
        ledger = await BuildBatch.opened(tx, self.now, ids, _job_ids(build.jobs for build, _asked in answered))
        for build, asked in answered:
            before = ledger[build.id].tracked
            if before is None:
                before = await ledger.claim(merge.apply_read(None, build, asked_at, asked))
            over = await self._over(tx, build, asked_at) if named else ()
            known = merge.apply_read(before, build, asked_at, asked)
            ledger.put(merge.bump_revision(known, _with_jobs(ledger, build.id, (*build.jobs, *over))))
        await self._conclude(ledger, ids)

    async def gone(self, tx: Tx, build_id: str, asked_at: datetime, asked: int) -> None:
        """Fold in that REST knows the build no more."""
        ledger = await BuildBatch.opened(tx, self.now, [build_id])
        before = ledger[build_id].tracked
        if before:
            ledger.put(merge.apply_deletion(before, asked_at, asked))
            await self._conclude(ledger, [build_id])

    async def follow(
        self, tx: Tx, build: Build, thread: Thread, asked_by: str | None, card_id: str, **more: Any
    ) -> Card:
        """Give a build that was just read a card in a thread; what is true by now is not told again there.

        `more`: the invocation that asked, and whether it only wanted to be `watching`.
        """
        await self.read(tx, [(build, 0)], self.now)
        ledger = await BuildBatch.opened(tx, self.now, [build.id])
        entry = ledger[build.id]
        due = next_read_time(entry.here, self.now, self.now, alive=self.alive)
        await mark_followed(tx, build.id, self.now, due)
        chosen = await find_channel_settings(tx, thread.team, thread.channel)
        more = {"updates": chosen.updates, "broadcast": chosen.broadcast, **more}
        card = await ensure_card(tx, card_id, build.id, thread, asked_by, self.now, **more)
        await plan_failure_lookup(tx, entry.here, self.now)
        if card.id == card_id:
            await ledger.see_failed([build.id])
            _tell(ledger, entry, card, dropped=True)
            await ledger.write()
        elif card.origin == "subscribed" and asked_by:
            asked = {"origin": "asked", "asked_by": asked_by, "subscription": None, "due_at": self.now}
            await update_card(tx, card.id, **asked, **more)
        return card

    async def assume_end(self, tx: Tx, build_id: str) -> None:
        """An end is announced although it is in doubt: a later life of the build is a new episode."""
        ledger = await BuildBatch.opened(tx, self.now, [build_id])
        known = ledger[build_id].tracked
        if known:
            ledger.put(merge.assume_confirmed(known))
            await ledger.write()

    async def _minded(self, tx: Tx, build: Build) -> bool:
        """Whether a build that nothing is known of is ours, or wanted."""
        if MARK_KEY in build.meta_data:
            return True
        return self.news is not None and bool(await self.news.wanting(tx, build, perhaps=True))

    async def _over(self, tx: Tx, build: Build, asked_at: datetime) -> tuple[Job, ...]:
        """Jobs that were named before the question was asked, and are no more."""
        here = {job.id for job in build.jobs}
        named = await find_named_jobs(tx, build.id, asked_at)
        return tuple(merge.mark_superseded(job) for job in named if job.id not in here)

    async def _conclude(self, ledger: BuildBatch, ids: Sequence[str]) -> None:
        """What follows from all that is known now, of each build once; and write it."""
        if self.news is not None:
            for id_ in ids:
                await self.news.offer(ledger, ledger[id_].here)
        entries = [ledger[id_] for id_ in ids if ledger[id_].followed]
        await ledger.see_failed([entry.here.build.id for entry in entries if _turned(entry)])
        for entry in entries:
            self._plan(entry)
            for card in entry.audience:
                _tell(ledger, entry, card)
        await ledger.write()

    def _plan(self, entry: BatchEntry) -> None:
        since = entry.followed or self.now
        entry.planned, entry.due = True, next_read_time(entry.here, self.now, since, alive=self.alive)
        entry.drawn = entry.changed
        entry.lacking = entry.changed and is_failing(entry.here, named=entry.failed)


def _turned(entry: BatchEntry) -> bool:
    """Whether it matters now that a job failed before; one that fails now is at hand."""
    phase, before = entry.here.build.phase, entry.before
    moved = before is None or before.build.phase != phase or before.generation != entry.here.generation
    return phase in _TELLING and (entry.offered or (entry.changed and (moved or phase in FAILING_PHASES)))


def _with_jobs(ledger: BuildBatch, build_id: str, said: Sequence[Job]) -> bool:
    """Fold jobs in; says whether the build looks different, since one of its jobs does."""
    repeats = {job.retry_source.job_id for job in said if job.retry_source and job.retry_source.job_id}
    retried = [merge.mark_retried(job) for job in map(ledger.job, sorted(repeats)) if job]
    merged = [(ledger.job(job.id), merge.merge_job(ledger.job(job.id), job)) for job in (*said, *retried)]
    changed = [after for before, after in merged if _looks(after) != _looks(before)]
    for job in changed:
        ledger.put_job(build_id, job)
    return bool(changed)


def _tell(ledger: BuildBatch, entry: BatchEntry, card: Card, *, dropped: bool = False) -> None:
    """What is true is told below a card, once; what the card itself tells when it is posted, is not."""
    if card.muted or card.origin == "unfurled":
        return
    known = entry.here
    unposted = card.origin == "subscribed" and card.ts is None and card.intent_at is None
    wanted = select_kinds(due_kinds(known, failed=entry.failed), card.updates)
    if card.state != "live":
        wanted = tuple(kind for kind in wanted if kind in END_KINDS)
    told = ledger.told(card, known.generation)
    for kind in wanted:
        if kind not in told:
            ledger.tell(card, kind, known.generation, dropped=dropped or unposted)
    if set(wanted) & END_KINDS:
        ledger.overtake(card, OVERTAKEN_BY_AN_END)


def _by_build(said: Iterable[Word]) -> dict[str, list[Word]]:
    """Builds in the order of their ids, as everybody locks them; what is said of one in the order it came."""
    words: dict[str, list[Word]] = {}
    for word in sorted(said, key=lambda item: item[0].id):
        words.setdefault(word[0].id, []).append(word)
    return words


def _job_ids(said: Iterable[Sequence[Job]]) -> list[str]:
    """The jobs that are spoken of, and those that they repeat."""
    spoken_of = [job for jobs in said for job in jobs]
    repeated = [job.retry_source.job_id for job in spoken_of if job.retry_source]
    return [job.id for job in spoken_of] + [id_ for id_ in repeated if id_]


def _looks(job: Job | None) -> tuple[object, ...] | None:
    """What a card shows of a job."""
    if job is None:
        return None
    return (job.state, job.title, job.web_url, job.exit_status, job.soft_failed, job.retried, job.type, job.waits)
