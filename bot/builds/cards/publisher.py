"""Keeps the card of every tracked build up to date: one message, edited in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from bot.builds.cards.admission import Admission
from bot.builds.cards.draft import CardDraft, draft_card, has_preview_expired, is_preview_final
from bot.builds.cards.queries import (
    find_due_cards,
    find_next_card_due,
    mark_card_drawn,
    postpone_card,
    retire_preview,
    update_card,
)
from bot.builds.cards.undeliverable import UndeliverableCards
from bot.builds.cards.update_order import RECHECK_AFTER, UpdateOrder
from bot.builds.failures.knowledge import plan_failure_lookup
from bot.builds.model import Card, TrackedBuild
from bot.runtime.clock import Clock
from bot.runtime.error_boundary import InternalError, run_guarded
from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.posting import PostDelayed, Posted, Poster, PostRejected
from bot.slack.rate_limits import Pacing
from bot.slack.web_client import SlackClient
from bot.store.outage import raising_unavailable
from bot.store.transactions import Transactions, Tx

BATCH = 50
# Calls to Slack per tick. Then the due cards are read again, so that an urgent one isn't queued behind many.
MAX_CALLS = 5
# Each card with the seconds until its turn.
Postponed = list[tuple[Card, float]]


class CardPublisher:
    """Draws the cards that are due, as fast as Slack allows; runs only on the leader.

    A card is level-triggered: whatever happened meanwhile, it is drawn from what is known now, so any number of
    changes costs one edit, and a failed edit needs no repair beyond the next one. `record_shown` receives posted,
    updated or unchanged, and the seconds since the state became known.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackClient,
        posting: Poster,
        pacing: Pacing,
        record_shown: Callable[[str, float], None],
        admission: Admission,
    ) -> None:
        self._record_shown = record_shown
        self._admission = admission
        self._store = store
        self._clock = clock
        self._api = api
        self._posting = posting
        self._pacing = pacing
        self._order = UpdateOrder(clock, pacing)
        self._undeliverable = UndeliverableCards(store, clock, api, admission)

    async def tick(self) -> int:
        """Draw the cards that are due and may be sent now; return how many were brought up to date."""
        drafts = await self._draft_due_cards()
        unchanged = [draft for draft in drafts if draft.difference == "none"]
        postponed: Postponed = []
        sent = await self._send_in_order(self._order.sort_drafts(drafts), postponed)
        await self._save_unsent(unchanged, postponed)
        return sent + len(unchanged)

    async def next_at(self) -> datetime | None:
        """Return when the next card is due."""
        async with self._store.read() as tx:
            return await find_next_card_due(tx)

    async def _draft_due_cards(self) -> list[CardDraft]:
        """Draft the cards that are due; one that can't be rendered doesn't hold up the others."""
        drafts: list[CardDraft] = []
        failed: list[Card] = []
        expired: list[Card] = []
        async with self._store.read() as tx:
            for card, tracked in await find_due_cards(tx, self._clock.now(), BATCH):
                if tracked is None or has_preview_expired(card, self._clock.now()):
                    expired.append(card)
                    continue
                try:
                    drafts.append(await run_guarded(self._draft(tx, card, tracked), "card", card=card.id))
                except InternalError:
                    failed.append(card)
        for card in failed:
            await self._retry_after_bug(card)
        for card in expired:
            async with self._store.write() as tx:
                await retire_preview(tx, card)
        return drafts

    async def _draft(self, tx: Tx, card: Card, tracked: TrackedBuild) -> CardDraft:
        """Draft a card; an outage of the database isn't an error of this card."""
        with raising_unavailable():
            return await draft_card(tx, card, tracked, self._clock.now())

    async def _send_in_order(self, drafts: Sequence[CardDraft], postponed: Postponed) -> int:
        sent = 0
        for draft in drafts:
            wait = self._order.compute_wait(draft)
            if wait > 0:
                postponed.append((draft.card, min(wait, RECHECK_AFTER.total_seconds())))
            elif sent < MAX_CALLS:
                # The others stay due: the next tick orders them again, with what has come in meanwhile.
                sent += await self._publish_safely(draft)
        return sent

    async def _save_unsent(self, unchanged: Sequence[CardDraft], postponed: Postponed) -> None:
        """Save in one transaction what needs no call to Slack."""
        if not unchanged and not postponed:
            return
        async with self._store.write() as tx:
            for draft in unchanged:
                await self._plan_lookup(tx, draft)
                await self._save_drawn(tx, draft)
            for card, seconds in postponed:
                await postpone_card(tx, card, self._clock.now() + timedelta(seconds=seconds))
        for draft in unchanged:
            self._record_outcome("unchanged", draft)

    async def _publish_safely(self, card_draft: CardDraft) -> bool:
        try:
            return await run_guarded(self._publish(card_draft), "card", card=card_draft.card.id)
        except InternalError:
            await self._retry_after_bug(card_draft.card)
            return False

    async def _retry_after_bug(self, card: Card) -> None:
        await self._postpone(card, backoff_seconds(card.attempts + 1), attempts=card.attempts + 1)

    async def _publish(self, card_draft: CardDraft) -> bool:
        if not await self._is_admitted(card_draft.card, card_draft.tracked):
            return False
        if card_draft.needs_lookup:
            async with self._store.write() as tx:
                await self._plan_lookup(tx, card_draft)
        return await (self._update(card_draft) if card_draft.card.ts else self._post(card_draft))

    async def _plan_lookup(self, tx: Tx, card_draft: CardDraft) -> None:
        if card_draft.needs_lookup:
            await plan_failure_lookup(tx, card_draft.tracked, self._clock.now())

    async def _is_admitted(self, card: Card, tracked: TrackedBuild) -> bool:
        """Return whether to continue with the card: only a new card of a subscription needs to be admitted."""
        if card.origin != "subscribed" or card.ts or card.intent_at:
            return True
        match await self._admission.check_card(card, tracked):
            case PostDelayed(seconds):
                await self._postpone(card, seconds)
            case PostRejected():
                await self._admission.withdraw(card)
            case None:
                return True
        return False

    async def _post(self, card_draft: CardDraft) -> bool:
        """Post the card exactly once; return whether it is in Slack now."""
        card = card_draft.card
        # The intent is written before the post. If the process dies in between, the next leader finds the intent
        # and searches the channel for the card before it posts, so that the card never appears twice.
        outcome = await self._posting.post_once(
            card.thread,
            card_draft.message,
            card.id,
            intent_at=card.intent_at,
            begin=lambda: self._update_row(card, intent_at=self._clock.now()),
            attempts=card.attempts,
        )
        match outcome:
            case Posted(ts, fresh=True):
                await self._finish("posted", card_draft, ts=ts)
            # An earlier try had posted it, with an older state: draw it once more.
            case Posted(ts):
                await self._update_row(
                    card, ts=ts, shown=None, intent_at=None, attempts=0, due_at=self._clock.now()
                )
            case PostDelayed(seconds, maybe_posted):
                kept = {} if maybe_posted else {"intent_at": None}
                await self._postpone(card, seconds, attempts=card.attempts + 1, **kept)
            case PostRejected(code):
                await self._handle_refused_post(card, code)
        return isinstance(outcome, Posted)

    async def _update(self, card_draft: CardDraft) -> bool:
        card = card_draft.card
        # Another replica may lead by now and have drawn a newer state, which this edit would undo.
        self._posting.require_leadership()
        try:
            if await self._posting.is_shared_outside(card.thread.channel):
                await self._undeliverable.leave_shared_channel(card)
                return False
            self._pacing.take(card_draft.method, card.thread.channel)
            await self._edit(card_draft)
        except SlackError as problem:
            await self._handle_failed_update(card_draft, problem)
            return False
        self._pacing.note_success(card_draft.method)
        await self._finish("updated", card_draft)
        return True

    async def _edit(self, card_draft: CardDraft) -> None:
        channel, ts = card_draft.card.thread.channel, card_draft.card.ts or ""
        if card_draft.card.unfurl:
            await self._api.unfurl(channel, ts, str(card_draft.card.unfurl["url"]), card_draft.message)
        else:
            await self._api.update(channel, ts, card_draft.message)

    async def _finish(self, outcome: str, card_draft: CardDraft, **values: Any) -> None:
        self._order.mark_drawn(card_draft)
        async with self._store.write() as tx:
            await self._save_drawn(tx, card_draft, shown=card_draft.fingerprint, **values)
        self._record_outcome(outcome, card_draft)

    async def _save_drawn(self, tx: Tx, card_draft: CardDraft, **values: Any) -> None:
        card, tracked = card_draft.card, card_draft.tracked
        if is_preview_final(card, tracked):
            values["state"] = "retired"
        redraw_at = card_draft.find_redraw_time(self._clock.now())
        await mark_card_drawn(tx, card, tracked.revision, redraw_at, **values)

    def _record_outcome(self, outcome: str, card_draft: CardDraft) -> None:
        self._record_shown(outcome, (self._clock.now() - card_draft.tracked.seen_at).total_seconds())

    async def _handle_failed_update(self, card_draft: CardDraft, problem: SlackError) -> None:
        card = card_draft.card
        if problem.kind == "limited":
            self._pacing.close(card_draft.method, problem.retry_after)
            await self._postpone(card, problem.retry_after)
        elif problem.kind == "refused":
            await self._undeliverable.handle_refused_update(card, problem.code)
        else:
            wait = self._pacing.note_failure(card_draft.method)
            backoff = backoff_seconds(card.attempts + 1, base=1, longest=20)
            await self._postpone(card, max(wait, backoff), attempts=card.attempts + 1)

    async def _handle_refused_post(self, card: Card, code: str) -> None:
        try:
            await self._undeliverable.handle_refused_post(card, code)
        except SlackError as problem:
            await self._postpone(card, max(problem.retry_after, backoff_seconds(card.attempts + 1)))

    async def _postpone(self, card: Card, seconds: float, **values: Any) -> None:
        async with self._store.write() as tx:
            await postpone_card(tx, card, self._clock.now() + timedelta(seconds=seconds), **values)

    async def _update_row(self, card: Card, **values: Any) -> None:
        async with self._store.write() as tx:
            await update_card(tx, card.id, **values)
