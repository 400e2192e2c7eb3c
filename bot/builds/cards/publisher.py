"""Keeps the card of every tracked build up to date: one message, edited in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.builds.cards.admission import Admission
from bot.builds.cards.draft import CardDraft, draft_card, has_preview_expired, is_preview_final
from bot.builds.cards.queries import (
    find_due_cards,
    find_next_card_due,
    has_unposted_answer,
    mark_card_begun,
    mark_card_drawn,
    mark_card_found,
    postpone_card,
    retire_preview,
)
from bot.builds.cards.undeliverable import UndeliverableCards
from bot.builds.cards.update_order import RECHECK_AFTER, UpdateOrder
from bot.builds.failures.knowledge import plan_failure_lookup
from bot.builds.model import Card, DrawnCard, DueCard
from bot.builds.replies.queries import mark_replies_outdated
from bot.runtime.clock import Clock
from bot.slack.drafts import Draft, Held, Postponement, Withdrawn
from bot.slack.posting import SHARED_OUTSIDE, Edit, MessageEdit, Post, PreviewEdit, Shown
from bot.store.transactions import Transactions, Tx

BATCH = 50
_RECHECK_SECONDS = 0.5
# A card waits no longer for the message that announces it: Slack may refuse that message.
_LONGEST_WAIT = timedelta(seconds=30)


class CardSource:
    """Cards of tracked builds, as a source of the publisher."""

    label = "card"

    def __init__(self, store: Transactions, clock: Clock, undeliverable: UndeliverableCards) -> None:
        self._store = store
        self._clock = clock
        self._undeliverable = undeliverable

    async def find_due(self, now: datetime) -> Sequence[DueCard]:
        """Return the cards that are due."""
        async with self._store.read() as tx:
            return await find_due_cards(tx, now, BATCH)

    async def find_next_due(self, tx: Tx) -> datetime | None:
        """Return when the next card is due."""
        return await find_next_card_due(tx)

    async def _must_wait(self, tx: Tx, card: Card) -> bool:
        """Return whether a public answer comes first: `created pipeline …`, above the pipeline's first build."""
        if card.ts or card.origin != "asked":
            return False
        is_young = self._clock.now() - (card.created_at or self._clock.now()) < _LONGEST_WAIT
        return is_young and await has_unposted_answer(tx, card)

    async def draw(self, due: DueCard) -> Draft[DueCard, CardDraft] | Held | Withdrawn:
        """Draw a card from what is known now; a link's preview that is too old is retired."""
        if due.tracked is None or has_preview_expired(due.card, self._clock.now()):
            async with self._store.write() as tx:
                await retire_preview(tx, due.card)
            return Withdrawn()
        async with self._store.read() as tx:
            if await self._must_wait(tx, due.card):
                return Held(_RECHECK_SECONDS)
            card_draft = await draft_card(tx, due.card, due.tracked, self._clock.now())
        return Draft(due, _choose_sending(card_draft), card_draft, card_draft.difference == "none")

    async def begin(self, tx: Tx, draft: Draft[DueCard, CardDraft]) -> None:
        """Record that the card is about to be posted."""
        await mark_card_begun(tx, draft.row.card, self._clock.now())

    async def mark_shown(self, tx: Tx, draft: Draft[DueCard, CardDraft], shown: Shown) -> None:
        """Record what the card shows. One that an earlier attempt posted is drawn again, as its state is older."""
        card_draft = draft.content
        card, tracked = card_draft.card, card_draft.tracked
        if not shown.fresh:
            await mark_card_found(tx, card, shown.ts, self._clock.now())
            return
        if draft.unchanged and card_draft.needs_lookup:
            await plan_failure_lookup(tx, tracked, self._clock.now())
        redraw_at = card_draft.find_redraw_time(self._clock.now())
        is_final = is_preview_final(card, tracked)
        drawn = DrawnCard(shown.ts, card_draft.fingerprint, tracked.revision, redraw_at, is_final)
        await mark_card_drawn(tx, card, drawn)
        if card.ts and card_draft.difference == "state":
            await mark_replies_outdated(tx, card.id, self._clock.now())

    async def postpone(self, tx: Tx, due: DueCard, postponement: Postponement) -> None:
        """Draw the card later."""
        await postpone_card(tx, due.card, postponement)

    async def give_up(self, draft: Draft[DueCard, CardDraft], code: str) -> None:
        """Move the card elsewhere, post it anew, or retire it."""
        card = draft.row.card
        if isinstance(draft.sending, Post):
            await self._undeliverable.handle_refused_post(card, code)
        elif code == SHARED_OUTSIDE:
            await self._undeliverable.leave_shared_channel(card)
        else:
            await self._undeliverable.handle_refused_update(card, code)


def _choose_sending(card_draft: CardDraft) -> Post | Edit:
    card, message = card_draft.card, card_draft.message
    if not card.ts:
        return Post(card.thread, message, card.id, card.intent_at)
    if card.unfurl:
        return PreviewEdit(card.thread.channel, card.ts, message, card.unfurl.url)
    return MessageEdit(card.thread.channel, card.ts, message)


@dataclass(frozen=True)
class CardTurns:
    """Sends states before counts, and a new card of a subscription only if it's still wanted.

    `record_shown` receives posted, updated or unchanged, and the seconds since the state became known.
    """

    store: Transactions
    clock: Clock
    order: UpdateOrder
    admission: Admission
    record_shown: Callable[[str, float], None]
    batch: int = BATCH

    def sort(self, drafts: Sequence[Draft[DueCard, CardDraft]]) -> Sequence[Draft[DueCard, CardDraft]]:
        """Return drafts of new states as they are due, then those of new counts, longest undrawn first."""
        return sorted(drafts, key=lambda draft: self.order.rank(draft.content))

    def compute_wait(self, draft: Draft[DueCard, CardDraft]) -> float:
        """Return the seconds until the card may be sent, or until its turn has to be computed again."""
        wait = self.order.compute_wait(draft.content, draft.sending.method)
        return min(wait, RECHECK_AFTER.total_seconds())

    async def admit(self, draft: Draft[DueCard, CardDraft]) -> Held | Withdrawn | None:
        """Admit a new card of a subscription only if it's wanted now; plan the lookup that a card still needs."""
        card, tracked = draft.content.card, draft.content.tracked
        if card.origin == "subscribed" and not card.ts and not card.intent_at:
            refusal = await self.admission.admit_card(card, tracked)
            if refusal:
                return refusal
        if draft.content.needs_lookup:
            async with self.store.write() as tx:
                await plan_failure_lookup(tx, tracked, self.clock.now())
        return None

    def note_shown(self, draft: Draft[DueCard, CardDraft]) -> None:
        """Note when the card was drawn, and how late."""
        tracked = draft.content.tracked
        if not draft.unchanged:
            self.order.mark_drawn(draft.content)
        self.record_shown(_name_outcome(draft), (self.clock.now() - tracked.seen_at).total_seconds())


def _name_outcome(draft: Draft[DueCard, CardDraft]) -> str:
    if draft.unchanged:
        return "unchanged"
    return "posted" if isinstance(draft.sending, Post) else "updated"
