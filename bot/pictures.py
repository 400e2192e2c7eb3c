"""Shows charts where a workspace takes Slack's own block, and pictures of them where it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Protocol, TypeVar

import structlog

from bot.clock import Clock
from bot.core import charts
from bot.core.blocks import Message, context
from bot.core.coverage import moment
from bot.core.markup import md
from bot.core.operation import File
from bot.errors import Unavailable
from bot.slack.problems import SlackProblem
from bot.store.rows import get_meta, set_meta
from bot.store.store import Transactions

T = TypeVar("T")
# A workspace that does not know the block yet is tried again after this long.
BELIEVED = timedelta(days=7)
_REFUSED = "charts_refused"
log = structlog.stdlib.get_logger(__name__)


class Uploads(Protocol):
    """What takes files; both raise SlackProblem."""

    async def direct(self, user: str) -> str:
        """The DM with a person."""

    async def upload(self, channel: str, *files: File, thread_ts: str | None = None) -> None:
        """Put files into a conversation, as one message."""


class Pictures:
    """Remembers in the database whether the workspace refuses `data_visualization` blocks.

    New kinds of blocks come to one workspace after the other; a message with one that is not there yet is refused
    whole. https://docs.slack.dev/reference/block-kit/blocks/data-visualization-block
    """

    def __init__(self, store: Transactions, clock: Clock, uploads: Uploads) -> None:
        self._store = store
        self._clock = clock
        self._uploads = uploads
        self._native = True

    async def sent(self, message: Message, send: Callable[[Message], Awaitable[T]]) -> T:
        """Send it as it is, or, where its charts are refused, without them. Raises SlackProblem."""
        if not charted(message):
            return await send(message)
        if not await self.native():
            return await send(without(message))
        try:
            return await send(message)
        except SlackProblem as problem:
            if problem.code != "invalid_blocks":
                raise
        sent = await send(without(message))
        await self._refused()
        return sent

    async def native(self) -> bool:
        """Whether charts are shown by Slack itself."""
        try:
            async with self._store.read() as tx:
                refused = moment(await get_meta(tx, _REFUSED))
        except Unavailable:
            return self._native
        self._native = refused is None or self._clock.now() - refused > BELIEVED
        return self._native

    async def hang(self, message: Message, channel: str, thread_ts: str) -> None:
        """Put pictures of a message's charts below it, where they could not be part of it."""
        if charted(message) and not await self.native():
            await self._delivered(self._hung(message, channel, thread_ts))

    async def give(self, message: Message, user: str) -> None:
        """Put them into the DM with somebody: nothing else takes files for one person."""
        if charted(message) and not await self.native():
            await self._delivered(self._given(message, user))

    async def _hung(self, message: Message, channel: str, thread_ts: str | None) -> None:
        await self._uploads.upload(channel, *await self._drawn(message), thread_ts=thread_ts)

    async def _given(self, message: Message, user: str) -> None:
        await self._hung(message, await self._uploads.direct(user), None)

    async def _delivered(self, delivery: Awaitable[None]) -> None:
        try:
            await delivery
        except SlackProblem as problem:
            log.warning("pictures not delivered", code=problem.code)

    async def _drawn(self, message: Message) -> list[File]:
        """PNGs, drawn beside the loop: the library takes a second to load."""
        found = [charts.read(block) for block in message.blocks if block.get("type") == charts.KIND]
        return [await asyncio.to_thread(_png, chart) for chart in found]

    async def _refused(self) -> None:
        self._native = False
        log.warning("charts refused", block=charts.KIND)
        async with self._store.write() as tx:
            await set_meta(tx, _REFUSED, str(self._clock.now().timestamp()))


def charted(message: Message) -> bool:
    """Whether it has charts."""
    return any(block.get("type") == charts.KIND for block in message.blocks)


def without(message: Message) -> Message:
    """The same without charts: each is named, and where its picture is."""
    return replace(message, blocks=tuple(map(_named, message.blocks)))


def _named(block: dict[str, object]) -> dict[str, object]:
    if block.get("type") != charts.KIND:
        return block
    text = md("📊 {title}: see the picture that I sent along", title=block["title"])
    return context(text, block_id=str(block["block_id"]))


def _png(chart: charts.Chart) -> File:
    from bot.drawing import png

    name = "-".join(chart.title.lower().split()) + ".png"
    return File(name, png(chart), chart.title, charts.words(chart))
