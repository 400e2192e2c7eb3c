"""Shows charts and tables where a workspace takes Slack's own blocks, and pictures and text where it does not."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from typing import Protocol, TypeVar

import structlog

from bot.core import charts, tables
from bot.core.blocks import BLOCKS_LIMIT, Block, Message, context
from bot.core.markup import md
from bot.core.operation import File
from bot.refusals import NEW, Refusals
from bot.slack.problems import SlackProblem

T = TypeVar("T")
log = structlog.stdlib.get_logger(__name__)


class Uploads(Protocol):
    """What takes files; both raise SlackProblem."""

    async def direct(self, user: str) -> str:
        """The DM with a person."""

    async def upload(self, channel: str, *files: File, thread_ts: str | None = None) -> None:
        """Put files into a conversation, as one message."""


class Pictures:
    """Sends messages in the form that the workspace takes."""

    def __init__(self, refusals: Refusals, uploads: Uploads) -> None:
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
            except SlackProblem as problem:
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
        except SlackProblem as problem:
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
    from bot.drawing import png

    name = "-".join(chart.title.lower().split()) + ".png"
    return File(name, png(chart), chart.title, charts.words(chart))
