"""Handles cards that Slack refuses: given up, posted again once, or moved to a direct message."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from bot.builds.cards.admission import Admission
from bot.builds.cards.queries import (
    find_cards_of_build,
    mark_card_gone,
    move_card,
    record_card_event,
    repost_card,
    retire_card,
)
from bot.builds.model import Card
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.posting import SHARED_OUTSIDE
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions

log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class UndeliverableCards:
    """Handles refusals; `handle_refused_post` raises SlackError if that isn't possible now."""

    store: Transactions
    clock: Clock
    api: SlackClient
    admission: Admission

    async def handle_refused_update(self, card: Card, code: str) -> None:
        """Give up a card that was deleted; post one new card if the edit window has closed."""
        log.warning("card cannot be updated", card=card.id, code=code)
        async with self.store.write() as tx:
            if code == "edit_window_closed" and not card.reposts:
                await repost_card(tx, card, self.clock.now())
            else:
                await mark_card_gone(tx, card)

    async def leave_shared_channel(self, card: Card) -> None:
        """Stop updating a card in a channel that another organization joined; the requester gets the end."""
        log.warning("card left", card=card.id, code=SHARED_OUTSIDE)
        async with self.store.write() as tx:
            await mark_card_gone(tx, card)
            await record_card_event(tx, card, "retired", self.clock.now(), {"because": SHARED_OUTSIDE})

    async def handle_refused_post(self, card: Card, code: str) -> None:
        """Move the card to a direct message with the requester if the bot may not post in the channel."""
        log.warning("card cannot be posted", card=card.id, code=code)
        if card.origin == "subscribed":
            await self.admission.retire_unpostable(card, code)
            return
        if not card.asked_by or card.thread.channel.startswith("D"):
            await self._retire(card)
            return
        try:
            channel = await self.api.open_direct(card.asked_by)
        except SlackError as problem:
            if problem.kind != "refused":
                raise
            await self._retire(card)
            return
        await self._move(card, channel)

    async def _move(self, card: Card, channel: str) -> None:
        async with self.store.write() as tx:
            taken = [
                other for other in await find_cards_of_build(tx, card.build_id) if other.thread.channel == channel
            ]
            if taken:
                await retire_card(tx, card)
            else:
                await move_card(tx, card, channel, self.clock.now())

    async def _retire(self, card: Card) -> None:
        async with self.store.write() as tx:
            await retire_card(tx, card)
