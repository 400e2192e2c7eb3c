"""Posts each message in the outbox exactly once: replies in card threads, and public answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.builds.cards.admission import UNCONFIRMED_HOLD, Admission
from bot.builds.cards.queries import find_card
from bot.builds.failures.knowledge import FailureKnowledge, load_knowledge
from bot.builds.fold.build_fold import BuildFold
from bot.builds.model import Card, JobSummary, QueuedMessage, TrackedBuild
from bot.builds.queries import find_build, summarize_jobs
from bot.builds.replies.kinds import END_KINDS, find_announcing_acts, find_due_kinds
from bot.builds.replies.queries import (
    delete_message,
    drop_message,
    find_due_messages,
    find_next_message_due,
    mark_message_begun,
    mark_message_edited,
    mark_message_posted,
    move_message,
    postpone_message,
)
from bot.builds.replies.render import render_thread_reply
from bot.builds.replies.reply_buttons import prune_reply
from bot.operations.acts.model import name_build
from bot.operations.acts.queries import was_announced
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message
from bot.slack.blockkit.outdated import list_actions
from bot.slack.drafts import Draft, Held, Postponement, Withdrawn
from bot.slack.posting import MessageEdit, Post, Shown
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions, Tx

BATCH = 50
_RECHECK_SECONDS = 0.5
# A build runs again, or is canceled, at most this long after someone asked for it: its jobs have to stop first.
_ANNOUNCED_WITHIN = timedelta(minutes=5)
log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class ReplyContent:
    """The person to send the message to if it can't be posted, and the build that a reply is about.

    `kept` is the reply as Slack is to show it, as long as it has buttons that may have to be removed later.
    """

    requester: str | None
    tracked: TrackedBuild | None = None
    kept: Message | None = None


@dataclass(frozen=True)
class _RepliedCard:
    """The card of a reply, with what is known of its build."""

    card: Card
    tracked: TrackedBuild
    jobs: JobSummary
    knowledge: FailureKnowledge


class ReplySource:
    """The outbox, as a source of the publisher."""

    label = "reply"

    def __init__(self, store: Transactions, clock: Clock, api: SlackClient, admission: Admission) -> None:
        self._store = store
        self._clock = clock
        self._api = api
        self._admission = admission

    async def find_due(self, now: datetime) -> Sequence[QueuedMessage]:
        """Return the queued messages that are due, without ends that a read may still confirm."""
        async with self._store.read() as tx:
            return await find_due_messages(tx, now, BATCH, UNCONFIRMED_HOLD)

    async def find_next_due(self, tx: Tx) -> datetime | None:
        """Return when the next queued message is due."""
        return await find_next_message_due(tx, self._clock.now(), UNCONFIRMED_HOLD)

    async def draw(self, queued: QueuedMessage) -> Draft[QueuedMessage, ReplyContent] | Held | Withdrawn:
        """Render a reply from what is known now, or take a public answer as it was rendered when it was queued."""
        if queued.ts:
            return await self._draw_edit(queued, queued.ts)
        if queued.card_id is None:
            post = _build_post(queued, queued.thread, queued.body or Message(""))
            return Draft(queued, post, ReplyContent(queued.asked_by))
        async with self._store.read() as tx:
            replied = await _read_replied_card(tx, queued.card_id)
        if replied is None:
            return await self._drop(queued)
        return await self._draw_reply(queued, replied)

    async def _draw_reply(
        self, queued: QueuedMessage, replied: _RepliedCard
    ) -> Draft[QueuedMessage, ReplyContent] | Held | Withdrawn:
        card = replied.card
        still_true = _is_still_true(queued, replied)
        # A reply that may be in Slack already is always looked up there, even if it is no longer true.
        if queued.intent_at is None and not still_true:
            return await self._delete(queued)
        thread = await self._admit(queued, replied) or await self._find_thread(queued, card)
        if not isinstance(thread, Thread):
            return thread
        if queued.intent_at is None and await self._is_announced(queued, replied, thread):
            return await self._drop(queued)
        if self._must_hold_end(queued, replied):
            return Held(_RECHECK_SECONDS)
        message = _render_reply(queued, replied)
        broadcast = card.broadcast and queued.kind == "finished" and replied.tracked.build.state == "failed"
        post = _build_post(queued, thread, message, wanted=still_true, broadcast=broadcast)
        kept = message if list_actions(message) else None
        return Draft(queued, post, ReplyContent(card.asked_by, replied.tracked, kept))

    async def _draw_edit(self, queued: QueuedMessage, ts: str) -> Draft[QueuedMessage, ReplyContent]:
        """Draw a message that was posted without the buttons that have nothing left to do."""
        message = queued.body or Message("")
        if queued.card_id is None:
            return Draft(queued, MessageEdit(queued.thread.channel, ts, message), ReplyContent(queued.asked_by))
        async with self._store.read() as tx:
            pruned = await prune_reply(tx, queued, message, self._clock.now())
        content = ReplyContent(queued.asked_by, kept=pruned if list_actions(pruned) else None)
        return Draft(queued, MessageEdit(queued.thread.channel, ts, pruned), content, unchanged=pruned == message)

    async def _admit(self, queued: QueuedMessage, replied: _RepliedCard) -> Held | Withdrawn | None:
        """Check a reply to a card of a subscription; a post that was begun is always completed."""
        if replied.card.origin != "subscribed" or queued.intent_at:
            return None
        refusal = await self._admission.check_reply(replied.card, replied.tracked)
        return await self._drop(queued) if isinstance(refusal, Withdrawn) else refusal

    async def _is_announced(self, queued: QueuedMessage, replied: _RepliedCard, thread: Thread) -> bool:
        """Return whether someone did through the bot what the reply reports: then the thread says so already."""
        acts, ref = find_announcing_acts(queued.kind, replied.tracked), replied.tracked.build.ref
        if not acts:
            return False
        since = (queued.created_at or self._clock.now()) - _ANNOUNCED_WITHIN
        async with self._store.read() as tx:
            return await was_announced(tx, acts, name_build(ref.pipeline, ref.number), thread, since)

    async def _find_thread(self, queued: QueuedMessage, card: Card) -> Thread | Held | Withdrawn:
        """Return the thread of the card, or where the message was moved to."""
        if queued.thread.channel != card.thread.channel:
            return queued.thread
        if card.state != "live":
            return await self._move_to_direct_message(queued, card.asked_by)
        if card.ts is None:
            return Held(_RECHECK_SECONDS)
        return card.own_thread

    def _must_hold_end(self, queued: QueuedMessage, replied: _RepliedCard) -> bool:
        """Return whether an end has to be confirmed or its failure looked up, for at most ten seconds."""
        is_young = self._clock.now() - (queued.created_at or self._clock.now()) < UNCONFIRMED_HOLD
        is_open = replied.tracked.unconfirmed or replied.knowledge.in_progress
        return queued.kind in END_KINDS and is_open and is_young

    async def begin(self, tx: Tx, draft: Draft[QueuedMessage, ReplyContent]) -> None:
        """Record that the message is about to be posted.

        An unconfirmed end is taken as confirmed, so that a build that runs again starts a new generation.
        """
        await mark_message_begun(tx, draft.row, self._clock.now())
        tracked = draft.content.tracked
        if tracked and tracked.unconfirmed and draft.row.kind in END_KINDS:
            await BuildFold(self._clock.now(), webhooks_arriving=True).assume_end(tx, tracked.build.id)

    async def mark_shown(self, tx: Tx, draft: Draft[QueuedMessage, ReplyContent], shown: Shown) -> None:
        """Record that the message is in Slack, or as it should be."""
        if isinstance(draft.sending, Post):
            await mark_message_posted(tx, draft.row, shown.ts, draft.content.kept)
        else:
            await mark_message_edited(tx, draft.row, draft.content.kept)

    async def postpone(self, tx: Tx, queued: QueuedMessage, postponement: Postponement) -> None:
        """Post the message later."""
        await postpone_message(tx, queued, postponement)

    async def give_up(self, draft: Draft[QueuedMessage, ReplyContent], code: str) -> None:
        """Send the message to the requester instead, unless it's no longer true; a posted one stays as it is."""
        if draft.row.ts:
            async with self._store.write() as tx:
                await mark_message_edited(tx, draft.row, None)
            return
        if isinstance(draft.sending, Post) and not draft.sending.wanted:
            await self._delete(draft.row)
            return
        log.warning("reply refused", queued_message=draft.row.id, code=code)
        await self._move_to_direct_message(draft.row, draft.content.requester)

    async def _move_to_direct_message(self, queued: QueuedMessage, requester: str | None) -> Withdrawn:
        """Send an end or an answer that can't be posted in the channel to the requester; drop anything else."""
        matters = queued.card_id is None or queued.kind in END_KINDS
        if not matters or not requester or queued.thread.channel.startswith("D"):
            return await self._drop(queued)
        try:
            channel = await self._api.open_direct(requester)
        except SlackError as problem:
            log.warning("direct message not opened", queued_message=queued.id, code=problem.code)
            if problem.kind != "refused":
                raise
            return await self._drop(queued)
        async with self._store.write() as tx:
            await move_message(tx, queued, channel, self._clock.now())
        return Withdrawn()

    async def _drop(self, queued: QueuedMessage) -> Withdrawn:
        async with self._store.write() as tx:
            await drop_message(tx, queued)
        return Withdrawn()

    async def _delete(self, queued: QueuedMessage) -> Withdrawn:
        """Delete a reply that is no longer true: it may become true again in this generation."""
        async with self._store.write() as tx:
            await delete_message(tx, queued)
        return Withdrawn()


async def _read_replied_card(tx: Tx, card_id: str) -> _RepliedCard | None:
    card = await find_card(tx, card_id)
    tracked = await find_build(tx, card.build_id) if card else None
    if card is None or tracked is None:
        return None
    jobs = await summarize_jobs(tx, tracked)
    return _RepliedCard(card, tracked, jobs, await load_knowledge(tx, tracked, jobs))


def _is_still_true(queued: QueuedMessage, replied: _RepliedCard) -> bool:
    kinds = find_due_kinds(replied.tracked, failed=bool(replied.jobs.failed))
    return queued.generation == replied.tracked.generation and queued.kind in kinds


def _render_reply(queued: QueuedMessage, replied: _RepliedCard) -> Message:
    card, jobs = replied.card, replied.jobs
    failure = replied.knowledge.select_for_card(jobs, card)
    return render_thread_reply(
        queued.kind,
        replied.tracked,
        jobs,
        card_id=card.id,
        mention=card.asked_by or card.mentions,
        failure=failure,
        stands_alone=queued.thread.channel != card.thread.channel,
    )


def _build_post(
    queued: QueuedMessage, thread: Thread, message: Message, *, wanted: bool = True, broadcast: bool = False
) -> Post:
    return Post(thread, message, f"notice:{queued.id}", queued.intent_at, wanted, broadcast)
