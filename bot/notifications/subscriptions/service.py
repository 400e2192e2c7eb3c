"""Previews, saves, lists, mutes and deletes subscriptions, for commands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase

from bot.buildkite.endpoints.builds import BuildCalls
from bot.history import known_periods, recorder
from bot.history.model import Run, run_from_build
from bot.history.queries import find_attempts_of_build, find_runs_since
from bot.notifications.queries import (
    ChannelSettings,
    choose_broadcast,
    choose_updates,
    find_channel_settings,
    mute_channel,
)
from bot.notifications.subscriptions.globs import is_literal
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.preview import PREVIEW_SPAN, Preview, build_preview
from bot.notifications.subscriptions.queries import (
    delete_subscriptions,
    find_subscription,
    find_subscriptions_of_channel,
    mute_subscriptions,
    save_subscription,
)
from bot.runtime.clock import Clock
from bot.slack.types import Thread
from bot.store.transactions import Store

_COMPARISON_SPAN = timedelta(days=7)
_LIST_LIMIT = 100


class SubscriptionService:
    """The subscriptions of channels, for commands.

    `can_post` returns whether the bot can post in a thread; `find_email` returns a person's address by user id.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        can_post: Callable[[Thread], Awaitable[bool]],
        find_email: Callable[[str], Awaitable[str | None]],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self.can_post = can_post
        self.find_email = find_email
        self._wake = wake

    async def preview(self, subscription: Subscription, builds: BuildCalls) -> Preview:
        """Return what a subscription would have posted in the last 7 days.

        Uses the stored history, plus one page of Buildkite's list if the history has gaps. Raise Unavailable or
        Refused if Buildkite is needed and fails.
        """
        now = self._clock.now()
        since, pipeline = now - PREVIEW_SPAN, subscription.pipeline if is_literal(subscription.pipeline) else None
        async with self._store.read() as tx:
            known = await recorder.find_known_periods(tx, now)
            about = [
                run for run in await find_runs_since(tx, since - _COMPARISON_SPAN) if _is_about(subscription, run)
            ]
            attempts = (
                {run.id: await find_attempts_of_build(tx, run.id) for run in about} if subscription.step else {}
            )
        spans = [*known.get(known_periods.EVERYTHING, ()), *known.get(pipeline or known_periods.EVERYTHING, ())]
        if not known_periods.find_gaps(since, now, spans):
            return build_preview(subscription, about, attempts, since)
        listed = await self._list_builds(pipeline, builds, since)
        both = {run.id: run for run in (*listed, *about)}
        return build_preview(subscription, both.values(), attempts, since, is_complete=len(listed) < _LIST_LIMIT)

    async def save(self, subscription: Subscription) -> bool:
        """Save a subscription; return whether it is new."""
        async with self._store.write() as tx:
            new = await find_subscription(tx, subscription.id) is None
            await save_subscription(tx, subscription)
        self._wake()
        return new

    async def find_for_channel(self, thread: Thread) -> tuple[tuple[Subscription, ...], ChannelSettings]:
        """Return the subscriptions and settings of a channel."""
        async with self._store.read() as tx:
            found = await find_subscriptions_of_channel(tx, thread.channel)
            return found, await find_channel_settings(tx, thread.team, thread.channel)

    async def delete(self, ids: Sequence[str]) -> None:
        """Delete subscriptions."""
        async with self._store.write() as tx:
            await delete_subscriptions(tx, ids)

    async def mute(self, ids: Sequence[str], until: datetime | None) -> None:
        """Mute subscriptions until a time; None unmutes them."""
        async with self._store.write() as tx:
            await mute_subscriptions(tx, ids, until)

    async def mute_channel(self, thread: Thread, until: datetime | None) -> None:
        """Mute all subscriptions of a channel until a time; None unmutes them."""
        async with self._store.write() as tx:
            await mute_channel(tx, thread.team, thread.channel, until)

    async def choose_updates(self, thread: Thread, updates: str) -> None:
        """Set which replies are posted in a channel's build threads."""
        async with self._store.write() as tx:
            await choose_updates(tx, thread.team, thread.channel, updates)

    async def choose_broadcast(self, thread: Thread, broadcast: bool) -> None:
        """Set whether a channel shows failures outside of threads too."""
        async with self._store.write() as tx:
            await choose_broadcast(tx, thread.team, thread.channel, broadcast)

    async def _list_builds(self, pipeline: str | None, builds: BuildCalls, since: datetime) -> list[Run]:
        found = builds.builds(pipeline, created_from=since, limit=_LIST_LIMIT)
        now = self._clock.now()
        return [run_from_build(build, now) async for build in found]


def _is_about(subscription: Subscription, run: Run) -> bool:
    return fnmatchcase(run.pipeline, subscription.pipeline) and fnmatchcase(run.branch, subscription.branch or "*")
