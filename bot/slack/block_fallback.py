"""Remembers in the database which new kinds of blocks the workspace refuses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Protocol, TypeVar

import structlog

from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.runtime.durations import from_timestamp
from bot.slack.api_errors import SlackError
from bot.slack.blockkit import charts, tables
from bot.slack.blockkit.blocks import BLOCKS_LIMIT, Block, Message, context
from bot.slack.blockkit.mrkdwn import md
from bot.slack.types import File
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Transactions

# A workspace that does not know the block yet is tried again after this long.
BELIEVED = timedelta(days=7)
# The kinds that not every workspace takes yet, each with the name of its note.
NEW = {charts.KIND: "charts_refused", tables.KIND: "tables_refused"}
log = structlog.stdlib.get_logger(__name__)


class RefusedBlocks:
    """New kinds of blocks come to one workspace after the other.

    A message with one that is not there yet is refused whole. https://docs.slack.dev/reference/block-kit/blocks
    """

    def __init__(self, store: Transactions, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._last: dict[str, bool] = {}

    async def refused(self, kind: str) -> bool:
        """Whether a block of that kind was refused lately; what was last known where the database does not say."""
        try:
            async with self._store.read() as tx:
                since = from_timestamp(await get_meta(tx, NEW[kind]))
        except Unavailable:
            return self._last.get(kind, False)
        self._last[kind] = since is not None and self._clock.now() - since <= BELIEVED
        return self._last[kind]

    async def note(self, kind: str) -> None:
        """It was refused just now."""
        self._last[kind] = True
        log.warning("block refused", block=kind)
        async with self._store.write() as tx:
            await set_meta(tx, NEW[kind], str(self._clock.now().timestamp()))


T = TypeVar("T")


class Uploads(Protocol):
    """What takes files; both raise SlackProblem."""

    async def direct(self, user: str) -> str:
        """The DM with a person."""

    async def upload(self, channel: str, *files: File, thread_ts: str | None = None) -> None:
        """Put files into a conversation, as one message."""


class BlockFallback:
    """Sends messages in the form that the workspace takes."""

    def __init__(self, refusals: RefusedBlocks, uploads: Uploads) -> None:
        self._refusals = refusals
        self._uploads = uploads

    async def sent(self, message: Message, send: Callable[[Message], Awaitable[T]]) -> T:
        """Send it as it is, or, where blocks of a new kind are refused, without those. Raises SlackProblem."""
        new = {kind for kind in NEW if _has(message, kind)}
        known = frozenset([kind for kind in new if await self._refusals.refused(kind)])
        ways = list(_ways(known, new))
        for gone in ways[:-1]:
            try:
                sent = await send(without(message, gone))
            except SlackError as problem:
                if problem.code != "invalid_blocks":
                    raise
            else:
                return await self._learnt(sent, gone - known)
        return await self._learnt(await send(without(message, ways[-1])), ways[-1] - known)

    async def _learnt(self, sent: T, refused: frozenset[str]) -> T:
        for kind in sorted(refused):
            await self._refusals.note(kind)
        return sent

    async def native(self) -> bool:
        """Whether charts are shown by Slack itself."""
        return not await self._refusals.refused(charts.KIND)

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
        except SlackError as problem:
            log.warning("pictures not delivered", code=problem.code)

    async def _drawn(self, message: Message) -> list[File]:
        """PNGs, drawn beside the loop: the library takes a second to load."""
        found = [charts.read(block) for block in message.blocks if block.get("type") == charts.KIND]
        return [await asyncio.to_thread(_png, chart) for chart in found]


def charted(message: Message) -> bool:
    """Whether it has charts."""
    return _has(message, charts.KIND)


def _has(message: Message, kind: str) -> bool:
    return any(block.get("type") == kind for block in message.blocks)


def _ways(known: frozenset[str], new: set[str]) -> Iterator[frozenset[str]]:
    """What to leave out, in turn: what is known to be refused, then one kind more, then all of them."""
    yield known
    rest = sorted(new - known)
    yield from (known | {kind} for kind in rest)
    if len(rest) > 1:
        yield frozenset(new)


def without(message: Message, kinds: frozenset[str] = frozenset(NEW)) -> Message:
    """The same without blocks of those kinds: a chart is named, and where its picture is; a table is text."""
    blocks = [other for block in message.blocks for other in _old(block, kinds)]
    return replace(message, blocks=tuple(blocks[:BLOCKS_LIMIT]))


def _old(block: Block, kinds: frozenset[str]) -> list[Block]:
    if block.get("type") not in kinds:
        return [block]
    if block["type"] == tables.KIND:
        return tables.plain(block)
    text = md("📊 {title}: see the picture that I sent along", title=block["title"])
    return [context(text, block_id=str(block["block_id"]))]


def _png(chart: charts.Chart) -> File:
    from bot.slack.chart_image import png

    name = "-".join(chart.title.lower().split()) + ".png"
    return File(name, png(chart), chart.title, charts.words(chart))
