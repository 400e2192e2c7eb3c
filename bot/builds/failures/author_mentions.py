"""Tells the one whose build has failed, below a card that nobody asked for."""

from __future__ import annotations

from bot.builds.cards.queries import find_card, revive_reply, update_card
from bot.builds.failures.authors import Authors
from bot.builds.failures.model import Found
from bot.builds.model import Card, TrackedBuild
from bot.notifications.direct.queries import has_direct_card
from bot.runtime.clock import Clock
from bot.store.transactions import Transactions, Tx


class Mentions:
    """Whoever asked for a card is mentioned anyway; a direct message needs no mention, and takes its place."""

    def __init__(self, store: Transactions, clock: Clock, authors: Authors) -> None:
        self._store = store
        self._clock = clock
        self._authors = authors

    async def of(self, tracked: TrackedBuild, shown: tuple[Card, ...], found: Found) -> Found:
        """Once it is bad at the end, find the author, and mention them on the cards of subscriptions.

        Raises Unavailable while Slack does not say who that is.
        """
        lacking = [card for card in shown if _lacks(card)]
        if not lacking or not tracked.build.inactive:
            return found
        user = found.author if found.author_asked else await self._authors.of(tracked.build)
        if user:
            async with self._store.write() as tx:
                direct = await has_direct_card(
                    tx, tracked.build.id, shown[0].thread.team, user, tracked.build.phase
                )
                for card in lacking if not direct else ():
                    await self._mention(tx, card.id, tracked.generation, user)
        return found.model_copy(update={"author": user, "author_asked": True})

    async def _mention(self, tx: Tx, card_id: str, episode: int, user: str) -> None:
        """An edit notifies nobody: a card that stands already gets the reply that it was spared."""
        now = self._clock.now()
        await update_card(tx, card_id, mentions=user, due_at=now)
        card = await find_card(tx, card_id)
        if card and card.ts and not card.muted:
            await revive_reply(tx, card_id, "finished", episode, now)


def _lacks(card: Card) -> bool:
    nobody = not (card.asked_by or card.mentions)
    return card.origin == "subscribed" and nobody and not card.thread.channel.startswith("D")
