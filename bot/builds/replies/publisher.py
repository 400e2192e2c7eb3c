"""Posts each message in the outbox exactly once: replies in card threads, and public answers."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.builds.cards.admission import UNCONFIRMED_HOLD, Admission
from bot.builds.cards.queries import find_card
from bot.builds.failures.knowledge import NO_FAILURE, FailureKnowledge, load_knowledge
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import Card, QueuedMessage, TrackedBuild
from bot.builds.queries import find_build, summarize_jobs
from bot.builds.replies.kinds import END_KINDS, find_due_kinds
from bot.builds.replies.queries import delete_message, find_due_messages, find_next_message_due, update_message
from bot.builds.replies.render import render_thread_reply
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message
from bot.slack.posting import PostDelayed, Posted, Poster, PostRejected
from bot.slack.rate_limits import POST, Pacing
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions

BATCH = 50
_RETRY_SECONDS = 1.0
_RECHECK_SECONDS = 0.5
log = structlog.stdlib.get_logger(__name__)


class ReplyPublisher:
    """Posts queued messages; runs only on the leader, like the card publisher.

    The intent is written before the post. If the process dies in between, the next leader finds the intent,
    searches the channel for the message, and posts it only if it isn't there.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackClient,
        posting: Poster,
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
        """Post the queued messages that are due and may be sent now; return how many were posted."""
        async with self._store.read() as tx:
            due = await find_due_messages(tx, self._clock.now(), BATCH, UNCONFIRMED_HOLD)
        return sum([await self._publish_safely(queued) for queued in due])

    async def next_at(self) -> datetime | None:
        """Return when the next queued message is due."""
        async with self._store.read() as tx:
            return await find_next_message_due(tx, self._clock.now(), UNCONFIRMED_HOLD)

    async def _publish_safely(self, queued: QueuedMessage) -> bool:
        """Publish one message; one that fails doesn't hold up the others."""
        try:
            return await run_guarded(self._publish(queued), "reply", queued_message=queued.id)
        except InternalError:
            await self._retry_later(
                queued, backoff_seconds(queued.attempts + 1), may_be_posted=queued.intent_at is not None
            )
            return False

    async def _publish(self, queued: QueuedMessage) -> bool:
        if queued.card_id is None:
            return await self._post(queued, queued.thread, _parse_stored_message(queued.body or {}))
        async with self._store.read() as tx:
            card = await find_card(tx, queued.card_id)
            tracked = await find_build(tx, card.build_id) if card else None
            jobs = await summarize_jobs(tx, tracked) if tracked else None
            knowledge = await load_knowledge(tx, tracked, jobs) if tracked and jobs else NO_FAILURE
        if card is None or tracked is None or jobs is None:
            return await self._drop(queued)
        still_true = self._is_still_true(queued, tracked, find_due_kinds(tracked, failed=bool(jobs.failed)))
        # A reply that may be in Slack already is always looked up there, even if it is no longer true.
        if queued.intent_at is None and not still_true:
            return await self._delete(queued)
        if card.origin == "subscribed" and not await self._is_admitted(queued, card, tracked):
            return False
        thread = await self._find_thread(queued, card)
        if thread is None or await self._hold_unconfirmed_end(queued, tracked, knowledge):
            return False
        mention, failure = card.asked_by or card.mentions, knowledge.select_for_card(jobs, card.id)
        message = render_thread_reply(
            queued.kind, tracked, jobs, card_id=card.id, mention=mention, failure=failure
        )
        broadcast = card.broadcast and queued.kind == "finished" and tracked.build.state == "failed"
        requested = replace(queued, asked_by=card.asked_by)
        return await self._post(requested, thread, message, tracked, still_true=still_true, broadcast=broadcast)

    async def _is_admitted(self, queued: QueuedMessage, card: Card, tracked: TrackedBuild) -> bool:
        """Return whether to reply to a card of a subscription now; a post that was begun is always completed."""
        match None if queued.intent_at else await self._admission.check_reply(card, tracked):
            case PostDelayed(seconds):
                await self._postpone(queued, seconds)
            case PostRejected():
                await self._drop(queued)
            case None:
                return True
        return False

    def _is_still_true(self, queued: QueuedMessage, tracked: TrackedBuild, kinds: tuple[str, ...]) -> bool:
        return queued.generation == tracked.generation and queued.kind in kinds

    async def _hold_unconfirmed_end(
        self, queued: QueuedMessage, tracked: TrackedBuild, knowledge: FailureKnowledge
    ) -> bool:
        """Postpone an end until a read has confirmed it and its failure was looked up, for at most ten seconds."""
        is_young = self._clock.now() - (queued.created_at or self._clock.now()) < UNCONFIRMED_HOLD
        is_held = queued.kind in END_KINDS and (tracked.unconfirmed or knowledge.in_progress) and is_young
        if is_held:
            await self._postpone(queued, _RECHECK_SECONDS)
        return is_held

    async def _find_thread(self, queued: QueuedMessage, card: Card) -> Thread | None:
        """Return the thread of the card, or where the message was moved to; None if it can't be posted yet."""
        if queued.thread.channel != card.thread.channel:
            return queued.thread
        if card.state == "live":
            if card.ts is None:
                await self._postpone(queued, _RECHECK_SECONDS)
                return None
            return Thread(card.thread.team, card.thread.channel, card.thread.ts or card.ts)
        await self._move_to_direct_message(replace(queued, asked_by=card.asked_by))
        return None

    async def _move_to_direct_message(self, queued: QueuedMessage) -> None:
        """Send an end or an answer that can't be posted in the channel to the requester; drop anything else."""
        matters = queued.card_id is None or queued.kind in END_KINDS
        if not matters or not queued.asked_by or queued.thread.channel.startswith("D"):
            await self._drop(queued)
            return
        try:
            channel = await self._api.open_direct(queued.asked_by)
        except SlackError as problem:
            log.warning("direct message not opened", queued_message=queued.id, code=problem.code)
            if problem.kind == "refused":
                await self._drop(queued)
            else:
                await self._postpone(queued, max(problem.retry_after, backoff_seconds(queued.attempts + 1)))
            return
        moved = {"channel": channel, "thread_ts": "", "intent_at": None, "due_at": self._clock.now()}
        await self._update(queued, **moved)

    async def _post(
        self,
        queued: QueuedMessage,
        thread: Thread,
        message: Message,
        tracked: TrackedBuild | None = None,
        *,
        still_true: bool = True,
        broadcast: bool = False,
    ) -> bool:
        wait = self._pacing.compute_wait(POST, thread.channel)
        if wait > 0:
            await self._postpone(queued, wait)
            return False
        outcome = await self._posting.post_once(
            thread,
            message,
            f"notice:{queued.id}",
            intent_at=queued.intent_at,
            begin=lambda: self._record_intent(queued, tracked),
            attempts=queued.attempts,
            wanted=still_true,
            broadcast=broadcast,
        )
        match outcome:
            case Posted(ts):
                await self._update(queued, ts=ts, state="done", due_at=None, intent_at=None)
                await self._posting.fallback.post_charts(message, thread.channel, thread.ts or ts)
            case PostDelayed(seconds, maybe_posted):
                await self._retry_later(queued, seconds, maybe_posted)
            case PostRejected() if not still_true:
                await self._delete(queued)
            case PostRejected(code):
                log.warning("reply refused", queued_message=queued.id, code=code)
                await self._move_to_direct_message(queued)
        return isinstance(outcome, Posted)

    async def _record_intent(self, queued: QueuedMessage, tracked: TrackedBuild | None) -> None:
        """Write the intent to post.

        An unconfirmed end is taken as confirmed, so that a build that runs again starts a new generation.
        """
        async with self._store.write() as tx:
            await update_message(tx, queued.id, intent_at=self._clock.now())
            if tracked and tracked.unconfirmed and queued.kind in END_KINDS:
                await BuildFold(self._clock.now(), webhooks_arriving=True).assume_end(tx, tracked.build.id)

    async def _retry_later(self, queued: QueuedMessage, seconds: float, may_be_posted: bool) -> None:
        kept: dict[str, Any] = {} if may_be_posted else {"intent_at": None}
        due = self._clock.now() + timedelta(seconds=seconds or _RETRY_SECONDS)
        await self._update(queued, due_at=due, attempts=queued.attempts + 1, **kept)

    async def _postpone(self, queued: QueuedMessage, seconds: float) -> None:
        await self._update(queued, due_at=self._clock.now() + timedelta(seconds=seconds))

    async def _drop(self, queued: QueuedMessage) -> bool:
        await self._update(queued, state="dropped", due_at=None)
        return False

    async def _delete(self, queued: QueuedMessage) -> bool:
        """Delete a reply that is no longer true: it may become true again in this generation."""
        async with self._store.write() as tx:
            await delete_message(tx, queued.id)
        return False

    async def _update(self, queued: QueuedMessage, **values: Any) -> None:
        async with self._store.write() as tx:
            await update_message(tx, queued.id, **values)


def _parse_stored_message(body: dict[str, Any]) -> Message:
    """Return a public answer as it was rendered when it was queued."""
    return Message(str(body.get("text", "")), tuple(body.get("blocks", ())))
