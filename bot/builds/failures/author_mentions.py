"""Mentions the author of a failed build in the replies of subscribed cards."""

from __future__ import annotations

from bot.builds.cards.queries import add_card_mention, find_card
from bot.builds.failures.authors import Authors
from bot.builds.failures.model import FailureFindings
from bot.builds.model import Card, TrackedBuild
from bot.builds.replies.queries import revive_reply
from bot.notifications.direct.queries import has_direct_card
from bot.runtime.clock import Clock
from bot.store.transactions import Transactions, Tx


class AuthorMentions:
    """Mentions authors; a requester is mentioned anyway, and a direct message takes the place of a mention."""

    def __init__(self, store: Transactions, clock: Clock, authors: Authors) -> None:
        self._store = store
        self._clock = clock
        self._authors = authors

    async def mention_author(
        self, tracked: TrackedBuild, cards: tuple[Card, ...], found: FailureFindings
    ) -> FailureFindings:
        """Find the author once the build has ended, and mention them on the cards of subscriptions.

        Raise Unavailable while Slack can't say who the author is.
        """
        lacking = [card for card in cards if _lacks_mention(card)]
        if not lacking or not tracked.build.inactive:
            return found
        user = found.author if found.author_asked else await self._authors.find_author(tracked.build)
        if user:
            async with self._store.write() as tx:
                direct = await has_direct_card(
                    tx, tracked.build.id, cards[0].thread.team, user, tracked.build.phase
                )
                for card in lacking if not direct else ():
                    await self._mention_on_card(tx, card, tracked.generation, user)
        return found.model_copy(update={"author": user, "author_asked": True})

    async def _mention_on_card(self, tx: Tx, card: Card, generation: int, user: str) -> None:
        """Mention the author on a card. An edit notifies no one, so a posted card gets the reply it was spared."""
        now = self._clock.now()
        await add_card_mention(tx, card, user, now)
        newest = await find_card(tx, card.id)
        if newest and newest.ts and not newest.muted:
            await revive_reply(tx, card.id, "finished", generation, now)


def _lacks_mention(card: Card) -> bool:
    mentions_no_one = not (card.asked_by or card.mentions)
    return card.origin == "subscribed" and mentions_no_one and not card.thread.channel.startswith("D")
