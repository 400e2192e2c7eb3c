"""Makes, shows, mutes and takes back subscriptions, for those who ask in a channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from bot.buildkite.client import Buildkite
from bot.history import known_periods, recorder
from bot.history.model import Run, run_from_build
from bot.history.queries import find_attempts_of_build, find_runs_since
from bot.notifications.queries import ChannelSettings, find_channel_settings, update_channel_settings
from bot.notifications.subscriptions.globs import literal
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.preview import SPAN, Preview, preview
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

_COMPARED_WITH = timedelta(days=7)
_ASKED = 100


class SubscriptionService:
    """`postable` says whether the bot can post somewhere; `email` gives the address of a person by user id."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        postable: Callable[[Thread], Awaitable[bool]],
        email: Callable[[str], Awaitable[str | None]],
        wake: Callable[[], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self.postable = postable
        self.email = email
        self._wake = wake

    async def preview(self, subscription: Subscription, buildkite: Buildkite) -> Preview:
        """What it would have posted in the last 7 days: of what is remembered, and if that is not all, of a list.

        Raises Unavailable or Refused when Buildkite has to be asked and does not answer.
        """
        now = self._clock.now()
        since, pipeline = now - SPAN, subscription.pipeline if literal(subscription.pipeline) else None
        async with self._store.read() as tx:
            known = await recorder.find_known_periods(tx, now)
            about = [run for run in await find_runs_since(tx, since - _COMPARED_WITH) if _about(subscription, run)]
            attempts = (
                {run.id: await find_attempts_of_build(tx, run.id) for run in about} if subscription.step else {}
            )
        spans = [*known.get(known_periods.EVERYTHING, ()), *known.get(pipeline or known_periods.EVERYTHING, ())]
        if not known_periods.missing(since, now, spans):
            return preview(subscription, about, attempts, since)
        listed = await self._listed(pipeline, buildkite, since)
        both = {run.id: run for run in (*listed, *about)}
        return preview(subscription, both.values(), attempts, since, whole=len(listed) < _ASKED)

    async def save(self, subscription: Subscription) -> bool:
        """Write it down; says whether it is new."""
        async with self._store.write() as tx:
            new = await find_subscription(tx, subscription.id) is None
            await save_subscription(tx, subscription)
        self._wake()
        return new

    async def here(self, thread: Thread) -> tuple[tuple[Subscription, ...], ChannelSettings]:
        """The subscriptions of a channel, and what it has chosen."""
        async with self._store.read() as tx:
            found = await find_subscriptions_of_channel(tx, thread.channel)
            return found, await find_channel_settings(tx, thread.team, thread.channel)

    async def drop(self, ids: Sequence[str]) -> None:
        """Those post no more."""
        async with self._store.write() as tx:
            await delete_subscriptions(tx, ids)

    async def mute(self, ids: Sequence[str], until: datetime | None) -> None:
        """Those post nothing until then; None: they post again."""
        async with self._store.write() as tx:
            await mute_subscriptions(tx, ids, until)

    async def choose(self, thread: Thread, **values: Any) -> None:
        """Write down what a channel has chosen."""
        async with self._store.write() as tx:
            await update_channel_settings(tx, thread.team, thread.channel, **values)

    async def _listed(self, pipeline: str | None, buildkite: Buildkite, since: datetime) -> list[Run]:
        found = buildkite.builds(pipeline, created_from=since, limit=_ASKED)
        now = self._clock.now()
        return [run_from_build(build, now) async for build in found]


def _about(subscription: Subscription, run: Run) -> bool:
    return fnmatchcase(run.pipeline, subscription.pipeline) and fnmatchcase(run.branch, subscription.branch or "*")
