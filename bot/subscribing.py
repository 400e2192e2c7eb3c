"""Makes, shows, mutes and takes back subscriptions, for those who ask in a channel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from bot import memory
from bot.buildkite.client import Buildkite
from bot.clock import Clock
from bot.core import coverage, history
from bot.core.globs import literal
from bot.core.preview import SPAN, Preview, preview
from bot.core.subscription import Subscription
from bot.model import Thread
from bot.store import cards, channels, subscriptions
from bot.store import history as rows
from bot.store.channels import Chosen
from bot.store.store import Store

_COMPARED_WITH = timedelta(days=7)
_ASKED = 100


class Subscribing:
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

    async def preview(self, one: Subscription, buildkite: Buildkite) -> Preview:
        """What it would have posted in the last 7 days: of what is remembered, and if that is not all, of a list.

        Raises Unavailable or Refused when Buildkite has to be asked and does not answer.
        """
        now = self._clock.now()
        since, pipeline = now - SPAN, one.pipeline if literal(one.pipeline) else None
        async with self._store.read() as tx:
            known = await memory.known(tx, now)
            about = [run for run in await rows.since(tx, since - _COMPARED_WITH) if _about(one, run)]
            attempts = {run.id: await rows.of_build(tx, run.id) for run in about} if one.step else {}
        spans = [*known.get(coverage.EVERYTHING, ()), *known.get(pipeline or coverage.EVERYTHING, ())]
        if not coverage.missing(since, now, spans):
            return preview(one, about, attempts, since)
        listed = await self._listed(pipeline, buildkite, since)
        both = {run.id: run for run in (*listed, *about)}
        return preview(one, both.values(), attempts, since, whole=len(listed) < _ASKED)

    async def save(self, one: Subscription) -> bool:
        """Write it down; says whether it is new."""
        async with self._store.write() as tx:
            new = await subscriptions.one(tx, one.id) is None
            await subscriptions.put(tx, one)
        self._wake()
        return new

    async def here(self, thread: Thread) -> tuple[tuple[Subscription, ...], Chosen]:
        """The subscriptions of a channel, and what it has chosen."""
        async with self._store.read() as tx:
            found = await subscriptions.of_channel(tx, thread.channel)
            return found, await channels.chosen(tx, thread.team, thread.channel)

    async def drop(self, ids: Sequence[str]) -> None:
        """Those post no more."""
        async with self._store.write() as tx:
            await subscriptions.drop(tx, ids)

    async def mute(self, ids: Sequence[str], until: datetime | None) -> None:
        """Those post nothing until then; None: they post again."""
        async with self._store.write() as tx:
            await subscriptions.mute(tx, ids, until)

    async def mute_build(self, thread: Thread, pipeline: str, number: int) -> tuple[bool, Subscription | None]:
        """Nothing more is said below the cards of that build in this channel.

        Says whether there is one, and which subscription posted it.
        """
        async with self._store.write() as tx:
            muted = await cards.mute(tx, thread.channel, pipeline, number, self._clock.now())
            by = next((card.subscription for card in muted if card.subscription), None)
            rule = await subscriptions.one(tx, by) if by else None
        self._wake()
        return bool(muted), rule

    async def choose(self, thread: Thread, **values: Any) -> None:
        """Write down what a channel has chosen."""
        async with self._store.write() as tx:
            await channels.choose(tx, thread.team, thread.channel, **values)

    async def _listed(self, pipeline: str | None, buildkite: Buildkite, since: datetime) -> list[history.Run]:
        found = buildkite.builds(pipeline, created_from=since, limit=_ASKED)
        now = self._clock.now()
        return [history.run(build, now) async for build in found]


def _about(one: Subscription, run: history.Run) -> bool:
    return fnmatchcase(run.pipeline, one.pipeline) and fnmatchcase(run.branch, one.branch or "*")
