"""What follows when something new is known of a build: cards to draw, notices to post, reads to plan."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot import failures
from bot.buildkite.resources import MARK_KEY
from bot.core import facts, pace, telling
from bot.memory import remember
from bot.model import Build, Card, Job, Known, Thread
from bot.news import News
from bot.store import builds, cards, channels
from bot.store.store import Tx


@dataclass(frozen=True)
class Following:
    """The rules of one moment: `now`, whether webhooks are arriving (`alive`), and who wants what (`news`)."""

    now: datetime
    alive: bool
    news: News | None = None

    async def heard(self, tx: Tx, build: Build, jobs: Iterable[Job]) -> bool:
        """Fold in what a webhook said, if the build is followed, one of ours, or wanted; says whether it is.

        A build that was just started may be heard of before the answer to the one who started it is written.
        """
        before = await builds.lock(tx, build.id)
        if before is None and (MARK_KEY in build.meta_data or await self._wanted(tx, build)):
            before = await self._meanwhile(tx, facts.heard(None, build, self.now))
        elif before is None:
            return False
        after = await self._with_jobs(tx, facts.heard(before, build, self.now), jobs)
        await self._write(tx, before, after)
        return True

    async def read(self, tx: Tx, build: Build, asked_at: datetime, asked: int, *, named: bool = False) -> None:
        """Fold in what REST answered to a question asked at `asked_at` with `asked` doubts raised.

        `named`: the answer has every job that a card would name, so that one which is missing has been
        retried or unblocked.
        """
        await remember(tx, [(build, build.jobs)], self.now)
        before = await builds.lock(tx, build.id)
        if before is None:
            before = await self._meanwhile(tx, facts.read(None, build, asked_at, asked))
        over = await self._over(tx, build, asked_at) if named else ()
        after = await self._with_jobs(tx, facts.read(before, build, asked_at, asked), (*build.jobs, *over))
        await self._write(tx, before, after)

    async def gone(self, tx: Tx, build_id: str, asked_at: datetime, asked: int) -> None:
        """Fold in that REST knows the build no more."""
        before = await builds.lock(tx, build_id)
        if before:
            await self._write(tx, before, facts.gone(before, asked_at, asked))

    async def follow(
        self, tx: Tx, build: Build, thread: Thread, asked_by: str | None, card_id: str, **more: Any
    ) -> Card:
        """Give a build that was just read a card in a thread; what is true by now is not told again there.

        `more`: the invocation that asked, and whether it only wanted to be `watching`.
        """
        await self.read(tx, build, self.now, 0)
        known = await builds.known(tx, build.id)
        assert known is not None  # noqa: S101  (written a line ago, in this transaction)
        await builds.follow(tx, build.id, self.now, pace.next_read(known, self.now, self.now, alive=self.alive))
        chosen = await channels.chosen(tx, thread.team, thread.channel)
        more = {"updates": chosen.updates, "broadcast": chosen.broadcast, **more}
        card = await cards.want(tx, card_id, build.id, thread, asked_by, self.now, **more)
        await failures.plan(tx, known, self.now)
        if card.id == card_id:
            await self._tell(tx, known, card, state="dropped")
        elif card.origin == "subscribed" and asked_by:
            asked = {"origin": "asked", "asked_by": asked_by, "subscription": None, "due_at": self.now}
            await cards.change(tx, card.id, **asked, **more)
        return card

    async def assume_end(self, tx: Tx, build_id: str) -> None:
        """An end is announced although it is in doubt: a later life of the build is a new episode."""
        known = await builds.lock(tx, build_id)
        if known:
            await builds.save(tx, facts.assume(known), self.now)

    async def _wanted(self, tx: Tx, build: Build) -> bool:
        return self.news is not None and bool(await self.news.wanting(tx, build, perhaps=True))

    async def _meanwhile(self, tx: Tx, first: Known) -> Known | None:
        """Claim a row that nobody has written; gives what another replica wrote there a moment ago."""
        added = await builds.add(tx, first, self.now)
        return None if added else await builds.lock(tx, first.build.id)

    async def _with_jobs(self, tx: Tx, after: Known, said: Iterable[Job]) -> Known:
        """Fold jobs in; a build looks different when one of its jobs does."""
        said = tuple(said)
        if not said:
            return after
        repeats = {job.retry_source.job_id for job in said if job.retry_source and job.retry_source.job_id}
        before = await builds.saved_jobs(tx, [*(job.id for job in said), *repeats])
        retried = [facts.retried(job) for job in before.values() if job.id in repeats]
        merged = [facts.job_after(before.get(job.id), job) for job in (*said, *retried)]
        changed = [job for job in merged if _looks(job) != _looks(before.get(job.id))]
        await builds.save_jobs(tx, after.build.id, changed, self.now)
        return replace(after, revision=after.revision + 1) if changed else after

    async def _over(self, tx: Tx, build: Build, asked_at: datetime) -> tuple[Job, ...]:
        """Jobs that were named before the question was asked, and are no more."""
        here = {job.id for job in build.jobs}
        named = await builds.named_jobs(tx, build.id, asked_at)
        return tuple(facts.over(job) for job in named if job.id not in here)

    async def _write(self, tx: Tx, before: Known | None, after: Known) -> None:
        await builds.save(tx, after, self.now)
        if self.news is not None:
            await self.news.offer(tx, after)
        followed = await builds.followed_since(tx, after.build.id)
        if followed is None:
            return
        due = pace.next_read(after, self.now, followed, alive=self.alive)
        await builds.plan_read(tx, after.build.id, due)
        if before is None or after.revision != before.revision or after.doubtful != before.doubtful:
            await cards.mark_due(tx, after.build.id, self.now)
            await failures.plan(tx, after, self.now)
        for card in await cards.audience(tx, after.build.id):
            await self._tell(tx, after, card)

    async def _tell(self, tx: Tx, known: Known, card: Card, state: str = "due") -> None:
        """What is true is told below a card, once; what the card itself tells when it is posted, is not."""
        if card.muted or card.origin == "unfurled":
            return
        if card.origin == "subscribed" and card.ts is None and card.intent_at is None:
            state = "dropped"
        told = await cards.told(tx, card.id, known.episode)
        wanted = telling.chosen(telling.kinds(known, await builds.summary(tx, known)), card.updates)
        if card.state != "live":
            wanted = tuple(kind for kind in wanted if kind in telling.ENDS)
        for kind in wanted:
            if kind not in told:
                key = f"{card.id}:{kind}:{known.episode}"
                thread = Thread(card.thread.team, card.thread.channel, card.thread.ts)
                await cards.tell(
                    tx, key, kind, thread, self.now, card_id=card.id, episode=known.episode, state=state
                )
        if set(wanted) & telling.ENDS:
            await cards.overtake(tx, card.id, telling.OVERTAKEN_BY_AN_END)


def _looks(job: Job | None) -> tuple[object, ...] | None:
    """What a card shows of a job."""
    if job is None:
        return None
    return (job.state, job.title, job.web_url, job.exit_status, job.soft_failed, job.retried, job.type, job.waits)
