"""The builds that have a card in a thread or channel, as operations ask for them."""

from __future__ import annotations

from collections.abc import Callable

from bot.builds.cards.queries import mute_cards
from bot.builds.model import TrackedBuild
from bot.builds.queries import find_builds_in_channel, find_builds_in_thread
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import find_subscription
from bot.runtime.clock import Clock
from bot.slack.types import Thread
from bot.store.transactions import Store


class TrackedBuilds:
    """Finds the builds with a card in a thread or channel, and mutes them; `wake` starts the publishers."""

    def __init__(self, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        self._store = store
        self._clock = clock
        self._wake = wake

    async def find_in_thread(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """Return builds with a card or link in this thread or as its root, newest first; none for a channel."""
        if thread.ts is None:
            return ()
        async with self._store.read() as tx:
            return await find_builds_in_thread(tx, thread.channel, thread.ts)

    async def find_with_card_in_thread(self, thread: Thread) -> tuple[TrackedBuild, ...]:
        """Return the builds in this thread, without those that only have a link preview."""
        if thread.ts is None:
            return ()
        async with self._store.read() as tx:
            return await find_builds_in_thread(tx, thread.channel, thread.ts, previews=False)

    async def find_in_channel(self, channel: str) -> tuple[TrackedBuild, ...]:
        """Return builds with a card in this channel, newest first, at most ten."""
        async with self._store.read() as tx:
            return await find_builds_in_channel(tx, channel)

    async def mute(self, thread: Thread, pipeline: str, number: int) -> tuple[bool, Subscription | None]:
        """Stop replies below the cards of a build in this channel.

        Return whether the build has a card here, and the subscription that posted it, if any.
        """
        async with self._store.write() as tx:
            muted = await mute_cards(tx, thread.channel, pipeline, number, self._clock.now())
            rule_id = next((card.subscription for card in muted if card.subscription), None)
            rule = await find_subscription(tx, rule_id) if rule_id else None
        self._wake()
        return bool(muted), rule
