"""Posts what is to be said once: the replies under a card, and public answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.builds.cards.admission import Admission
from bot.builds.cards.queries import (
    delete_message,
    find_card,
    find_due_messages,
    find_next_message_due,
    update_message,
)
from bot.builds.failures.knowledge import NO_FAILURE, Knowledge, load_knowledge
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import Card, QueuedMessage, TrackedBuild
from bot.builds.queries import find_build, summarize_jobs
from bot.builds.replies.kinds import END_KINDS, due_kinds
from bot.builds.replies.render import render_thread_reply
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message
from bot.slack.posting import Later, Never, Posting, Sent
from bot.slack.rate_limits import POST, Pacing
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions

BATCH = 50
# An edit can be taken back, a ping cannot: an end is told once no doubt is open, or after this long.
_DOUBT_HOLDS = timedelta(seconds=10)
_RETRY = 1.0
_BREATH = 0.5
log = structlog.stdlib.get_logger(__name__)


class ReplyPublisher:
    """The one writer of replies; under the same rule as cards."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackClient,
        posting: Posting,
        pacing: Pacing,
        admission: Admission,
    ) -> None:
        self._admission = admission
        self._store = store
        self._clock = clock
        self._api = api
        self._posting = posting
        self._pacing = pacing

    async def tick(self) -> int:
        """Post the notices that are due and may be sent now; says how many were posted."""
        async with self._store.read() as tx:
            due = await find_due_messages(tx, self._clock.now(), BATCH, _DOUBT_HOLDS)
        return sum([await self._safely(notice) for notice in due])

    async def next_at(self) -> datetime | None:
        """When there is a notice to look at."""
        async with self._store.read() as tx:
            return await find_next_message_due(tx, self._clock.now(), _DOUBT_HOLDS)

    async def _safely(self, notice: QueuedMessage) -> bool:
        """A reply that cannot be drawn keeps no other waiting."""
        try:
            return await run_guarded(self._say(notice), "reply", notice=notice.id)
        except InternalError:
            await self._later(notice, backoff_seconds(notice.attempts + 1), doubtful=notice.intent_at is not None)
            return False

    async def _say(self, notice: QueuedMessage) -> bool:
        if notice.card_id is None:
            return await self._post(notice, notice.thread, _stored(notice.body or {}))
        async with self._store.read() as tx:
            card = await find_card(tx, notice.card_id)
            known = await find_build(tx, card.build_id) if card else None
            jobs = await summarize_jobs(tx, known) if known else None
            knows = await load_knowledge(tx, known, jobs) if known and jobs else NO_FAILURE
        if card is None or known is None or jobs is None:
            return await self._drop(notice)
        true = self._still_true(notice, known, due_kinds(known, failed=bool(jobs.failed)))
        if notice.intent_at is None and not true:
            return await self._forget(notice)
        if card.origin == "subscribed" and not await self._admitted(notice, card, known):
            return False
        thread = await self._place(notice, card)
        if thread is None or await self._waits(notice, known, knows):
            return False
        mention, failure = card.asked_by or card.mentions, knows.shown(jobs, card.id)
        message = render_thread_reply(notice.kind, known, jobs, card_id=card.id, mention=mention, failure=failure)
        loud = card.broadcast and notice.kind == "finished" and known.build.state == "failed"
        asked = replace(notice, asked_by=card.asked_by)
        return await self._post(asked, thread, message, known, true=true, broadcast=loud)

    async def _admitted(self, notice: QueuedMessage, card: Card, tracked: TrackedBuild) -> bool:
        """Below a card that nobody asked for: what was begun is looked for all the same."""
        match None if notice.intent_at else await self._admission.reply(card, tracked):
            case Later(seconds):
                await self._put_off(notice, seconds)
            case Never():
                await self._drop(notice)
            case None:
                return True
        return False

    def _still_true(self, notice: QueuedMessage, tracked: TrackedBuild, kinds: tuple[str, ...]) -> bool:
        return notice.generation == tracked.generation and notice.kind in kinds

    async def _waits(self, notice: QueuedMessage, tracked: TrackedBuild, knows: Knowledge) -> bool:
        """Until the read that is under way has answered, and it was looked up what a failure is about."""
        young = self._clock.now() - (notice.created_at or self._clock.now()) < _DOUBT_HOLDS
        waits = notice.kind in END_KINDS and (tracked.unconfirmed or knows.looking) and young
        if waits:
            await self._put_off(notice, _BREATH)
        return waits

    async def _place(self, notice: QueuedMessage, card: Card) -> Thread | None:
        """Under the card, or in the thread that the card is in, or where it was moved to; None: not now."""
        if notice.thread.channel != card.thread.channel:
            return notice.thread
        if card.state == "live":
            if card.ts is None:
                await self._put_off(notice, _BREATH)
                return None
            return Thread(card.thread.team, card.thread.channel, card.thread.ts or card.ts)
        await self._elsewhere(replace(notice, asked_by=card.asked_by))
        return None

    async def _elsewhere(self, notice: QueuedMessage) -> None:
        """It cannot be said there: an end or an answer goes to the one who asked, by DM; the rest is dropped."""
        matters = notice.card_id is None or notice.kind in END_KINDS
        if not matters or not notice.asked_by or notice.thread.channel.startswith("D"):
            await self._drop(notice)
            return
        try:
            channel = await self._api.direct(notice.asked_by)
        except SlackError as problem:
            log.warning("no DM", notice=notice.id, code=problem.code)
            if problem.kind == "refused":
                await self._drop(notice)
            else:
                await self._put_off(notice, max(problem.retry_after, backoff_seconds(notice.attempts + 1)))
            return
        moved = {"channel": channel, "thread_ts": "", "intent_at": None, "due_at": self._clock.now()}
        await self._change(notice, **moved)

    async def _post(
        self,
        notice: QueuedMessage,
        thread: Thread,
        message: Message,
        tracked: TrackedBuild | None = None,
        *,
        true: bool = True,
        broadcast: bool = False,
    ) -> bool:
        wait = self._pacing.wait(POST, thread.channel)
        if wait > 0:
            await self._put_off(notice, wait)
            return False
        outcome = await self._posting.once(
            thread,
            message,
            f"notice:{notice.id}",
            intent_at=notice.intent_at,
            begin=lambda: self._begin(notice, tracked),
            attempts=notice.attempts,
            wanted=true,
            broadcast=broadcast,
        )
        match outcome:
            case Sent(ts):
                await self._change(notice, ts=ts, state="done", due_at=None, intent_at=None)
                await self._posting.pictures.hang(message, thread.channel, thread.ts or ts)
            case Later(seconds, doubtful):
                await self._later(notice, seconds, doubtful)
            case Never() if not true:
                await self._forget(notice)
            case Never(code):
                log.warning("reply refused", notice=notice.id, code=code)
                await self._elsewhere(notice)
        return isinstance(outcome, Sent)

    async def _begin(self, notice: QueuedMessage, tracked: TrackedBuild | None) -> None:
        """Write the intent; an end that is told in doubt is taken for true, so that a later life is a new one."""
        async with self._store.write() as tx:
            await update_message(tx, notice.id, intent_at=self._clock.now())
            if tracked and tracked.unconfirmed and notice.kind in END_KINDS:
                await BuildFold(self._clock.now(), alive=True).assume_end(tx, tracked.build.id)

    async def _later(self, notice: QueuedMessage, seconds: float, doubtful: bool) -> None:
        kept: dict[str, Any] = {} if doubtful else {"intent_at": None}
        due = self._clock.now() + timedelta(seconds=seconds or _RETRY)
        await self._change(notice, due_at=due, attempts=notice.attempts + 1, **kept)

    async def _put_off(self, notice: QueuedMessage, seconds: float) -> None:
        await self._change(notice, due_at=self._clock.now() + timedelta(seconds=seconds))

    async def _drop(self, notice: QueuedMessage) -> bool:
        await self._change(notice, state="dropped", due_at=None)
        return False

    async def _forget(self, notice: QueuedMessage) -> bool:
        """It is true no more, and may become true again in this very episode."""
        async with self._store.write() as tx:
            await delete_message(tx, notice.id)
        return False

    async def _change(self, notice: QueuedMessage, **values: Any) -> None:
        async with self._store.write() as tx:
            await update_message(tx, notice.id, **values)


def _stored(body: dict[str, Any]) -> Message:
    """A public answer as it was rendered when it was written down."""
    return Message(str(body.get("text", "")), tuple(body.get("blocks", ())))
