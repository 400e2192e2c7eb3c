"""Replaces kinds of blocks that the workspace doesn't support yet, and stores which those are."""

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
from bot.slack.blockkit import charts, data_tables
from bot.slack.blockkit.blocks import BLOCKS_LIMIT, Block, Message, context
from bot.slack.blockkit.mrkdwn import md
from bot.slack.types import File
from bot.store.sql import get_meta, set_meta
from bot.store.transactions import Transactions

# A refused kind of block is tried again after this long, as Slack enables new kinds workspace by workspace.
REFUSAL_TTL = timedelta(days=7)
# Kinds of blocks that not every workspace supports yet, with the key under which a refusal is stored.
NEW_KINDS = {charts.KIND: "charts_refused", data_tables.KIND: "tables_refused"}
# Where people find charts that their workspace doesn't show: ephemeral messages can't have files.
IN_DIRECT_MESSAGE = "picture sent to you in a direct message"
IN_THREAD = "picture in the thread"
log = structlog.stdlib.get_logger(__name__)


class RefusedBlocks:
    """Remembers which new kinds of blocks this workspace refuses.

    Slack rejects a message as a whole if one block isn't supported in the workspace yet.
    https://docs.slack.dev/reference/block-kit/blocks
    """

    def __init__(self, store: Transactions, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._last: dict[str, bool] = {}

    async def is_refused(self, kind: str) -> bool:
        """Return whether this kind of block was refused recently, as last known if the database is unavailable."""
        try:
            async with self._store.read() as tx:
                since = from_timestamp(await get_meta(tx, NEW_KINDS[kind]))
        except Unavailable:
            return self._last.get(kind, False)
        self._last[kind] = since is not None and self._clock.now() - since <= REFUSAL_TTL
        return self._last[kind]

    async def note_refusal(self, kind: str) -> None:
        """Store that this kind of block was just refused."""
        self._last[kind] = True
        log.warning("block refused", block=kind)
        async with self._store.write() as tx:
            await set_meta(tx, NEW_KINDS[kind], str(self._clock.now().timestamp()))


T = TypeVar("T")


class Uploads(Protocol):
    """Client for uploads; both methods raise SlackError."""

    async def open_direct(self, user: str) -> str:
        """Return the ID of the direct message conversation with a person."""

    async def upload(self, channel: str, *files: File, thread_ts: str | None = None) -> None:
        """Upload files to a conversation as one message."""


class BlockFallback:
    """Sends messages in a form that the workspace supports."""

    def __init__(self, refusals: RefusedBlocks, uploads: Uploads) -> None:
        self._refusals = refusals
        self._uploads = uploads

    async def send_accepted(
        self, message: Message, send: Callable[[Message], Awaitable[T]], pictures: str = IN_DIRECT_MESSAGE
    ) -> T:
        """Send a message, replacing new kinds of blocks if the workspace refuses them; raise SlackError.

        `pictures` says where people find the charts then.
        """
        new = {kind for kind in NEW_KINDS if _has_block(message, kind)}
        refused = frozenset([kind for kind in new if await self._refusals.is_refused(kind)])
        attempts = list(_list_attempts(refused, new))
        for left_out in attempts[:-1]:
            try:
                result = await send(replace_blocks(message, left_out, pictures))
            except SlackError as problem:
                if problem.code != "invalid_blocks":
                    raise
            else:
                return await self._note_refusals(result, left_out - refused)
        last = attempts[-1]
        return await self._note_refusals(await send(replace_blocks(message, last, pictures)), last - refused)

    async def _note_refusals(self, sent: T, refused: frozenset[str]) -> T:
        for kind in sorted(refused):
            await self._refusals.note_refusal(kind)
        return sent

    async def shows_charts(self) -> bool:
        """Return whether the workspace shows charts itself."""
        return not await self._refusals.is_refused(charts.KIND)

    async def post_charts(self, message: Message, channel: str, thread_ts: str) -> None:
        """Post a message's charts as pictures in its thread if the workspace doesn't show charts."""
        if has_charts(message) and not await self.shows_charts():
            await self._log_failure(self._upload_charts(message, channel, thread_ts))

    async def send_charts(self, message: Message, user: str) -> None:
        """Send a message's charts as pictures by direct message, since ephemeral messages can't have files."""
        if has_charts(message) and not await self.shows_charts():
            await self._log_failure(self._upload_charts_to_user(message, user))

    async def _upload_charts(self, message: Message, channel: str, thread_ts: str | None) -> None:
        await self._uploads.upload(channel, *await self._draw_charts(message), thread_ts=thread_ts)

    async def _upload_charts_to_user(self, message: Message, user: str) -> None:
        await self._upload_charts(message, await self._uploads.open_direct(user), None)

    async def _log_failure(self, upload: Awaitable[None]) -> None:
        try:
            await upload
        except SlackError as problem:
            log.warning("pictures not delivered", code=problem.code)

    async def _draw_charts(self, message: Message) -> list[File]:
        """Draw charts as PNG files in a thread, since importing matplotlib blocks for about a second."""
        found = [charts.parse_chart(block) for block in message.blocks if block.get("type") == charts.KIND]
        return [await asyncio.to_thread(_draw_file, chart) for chart in found]


def has_charts(message: Message) -> bool:
    """Return whether a message has charts."""
    return _has_block(message, charts.KIND)


def _has_block(message: Message, kind: str) -> bool:
    return any(block.get("type") == kind for block in message.blocks)


def _list_attempts(refused: frozenset[str], new: set[str]) -> Iterator[frozenset[str]]:
    """Yield sets of kinds to leave out, in order: those known to be refused, one more kind each, then all."""
    yield refused
    rest = sorted(new - refused)
    yield from (refused | {kind} for kind in rest)
    if len(rest) > 1:
        yield frozenset(new)


def replace_blocks(
    message: Message, kinds: frozenset[str] = frozenset(NEW_KINDS), pictures: str = IN_DIRECT_MESSAGE
) -> Message:
    """Return the message without these kinds: tables become text, charts a note where they are."""
    blocks = [other for block in message.blocks for other in _replace_block(block, kinds, pictures)]
    return replace(message, blocks=tuple(blocks[:BLOCKS_LIMIT]))


def _replace_block(block: Block, kinds: frozenset[str], pictures: str) -> list[Block]:
    if block.get("type") not in kinds:
        return [block]
    if block["type"] == data_tables.KIND:
        return data_tables.render_plain_table(block)
    text = md("📊 {title}: {pictures}", title=block["title"], pictures=pictures)
    return [context(text, block_id=str(block["block_id"]))]


def _draw_file(chart: charts.Chart) -> File:
    from bot.slack.chart_image import draw_chart

    name = "-".join(chart.title.lower().split()) + ".png"
    return File(name, draw_chart(chart), chart.title, charts.describe_chart(chart))
