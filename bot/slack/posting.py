"""Sends one message to Slack: posts it exactly once, or edits it in place, and judges Slack's failures."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

import structlog

from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.block_fallback import IN_THREAD, BlockFallback
from bot.slack.blockkit.blocks import Message, View
from bot.slack.rate_limits import POST, PUBLISH, UNFURL, UPDATE, Pacing
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient

# Seconds to wait if Slack limits a call without saying for how long.
_LIMITED_SECONDS = 1.0
# Seconds after which an interrupted request can no longer be in flight: the client's time-out plus a margin.
_IN_FLIGHT_SECONDS = 12.0
SHARED_OUTSIDE = "channel shared with another organization"
OVERTAKEN = "overtaken"
log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Post:
    """A new message, with a `mark` to find it by; `intent_at` is when an earlier attempt began, if there was one.

    A message no longer `wanted` is only searched for. `broadcast` also shows a reply in the channel.
    """

    method: ClassVar[str] = POST
    ts: ClassVar[str] = ""
    thread: Thread
    message: Message
    mark: str
    intent_at: datetime | None = None
    wanted: bool = True
    broadcast: bool = False

    @property
    def channel(self) -> str:
        """Return the channel to post in."""
        return self.thread.channel


@dataclass(frozen=True)
class MessageEdit:
    """New content of one of our messages."""

    method: ClassVar[str] = UPDATE
    channel: str
    ts: str
    message: Message


@dataclass(frozen=True)
class PreviewEdit(MessageEdit):
    """New content of the preview of the link `url` in a person's message."""

    method: ClassVar[str] = UNFURL
    url: str


@dataclass(frozen=True)
class HomeEdit:
    """New content of a person's App Home, which belongs to no channel."""

    method: ClassVar[str] = PUBLISH
    channel: ClassVar[str] = ""
    ts: ClassVar[str] = ""
    user: str
    view: View


Edit = MessageEdit | HomeEdit


@dataclass(frozen=True)
class Shown:
    """Slack has the message; unless `fresh`, an earlier attempt posted it with the content of that time."""

    ts: str
    fresh: bool = True


@dataclass(frozen=True)
class Failed:
    """Try again after `seconds`; with `uncertain` it may have worked, so the next attempt searches first."""

    seconds: float
    uncertain: bool = False


@dataclass(frozen=True)
class Undeliverable:
    """Slack refuses the message permanently, or we do; `code` is the error."""

    code: str


SendOutcome = Shown | Failed | Undeliverable


class Poster:
    """Posts exactly once, and edits.

    `bot_id` identifies our own messages. `require_leadership` raises unless this replica still is the leader.
    `is_shared_outside` returns whether another organization can read a channel that the policy doesn't allow.
    `fallback` replaces blocks that the workspace doesn't support.
    """

    def __init__(
        self,
        api: SlackClient,
        pacing: Pacing,
        bot_id: Callable[[], str],
        require_leadership: Callable[[], None],
        is_shared_outside: Callable[[str], Awaitable[bool]],
        fallback: BlockFallback,
    ) -> None:
        self._api = api
        self._fallback = fallback
        self._is_shared_outside = is_shared_outside
        self._pacing = pacing
        self._bot_id = bot_id
        self._require_leadership = require_leadership

    async def post_once(self, post: Post, attempts: int, begin: Callable[[], Awaitable[None]]) -> SendOutcome:
        """Post a message unless an earlier attempt is found; `begin` stores the intent before anything is sent.

        If the process dies in between, the next leader finds the intent and searches the channel for the message
        before it posts, so that the message never appears twice.
        """
        try:
            if post.intent_at is not None:
                remaining = _IN_FLIGHT_SECONDS - (self._pacing.clock.now() - post.intent_at).total_seconds()
                if 0 < remaining <= _IN_FLIGHT_SECONDS:
                    return Failed(remaining, uncertain=True)
                found = await self._find_earlier(post, post.intent_at)
                if found:
                    return Shown(found, fresh=False)
            if not post.wanted:
                return Undeliverable(OVERTAKEN)
            if await self._is_shared_outside(post.channel):
                return Undeliverable(SHARED_OUTSIDE)
            await begin()
            self._take_turn(post)
            ts = await self._fallback.send_accepted(
                post.message,
                lambda supported: self._api.post(post.thread, supported, post.mark, broadcast=post.broadcast),
                IN_THREAD,
            )
        except SlackError as problem:
            return self._judge(problem, post.method, attempts)
        self._pacing.note_success(post.method)
        return Shown(ts)

    async def edit(self, edit: Edit, attempts: int) -> SendOutcome:
        """Replace what Slack shows."""
        try:
            if edit.channel and await self._is_shared_outside(edit.channel):
                return Undeliverable(SHARED_OUTSIDE)
            self._take_turn(edit)
            await self._send_edit(edit)
        except SlackError as problem:
            return self._judge(problem, edit.method, attempts)
        self._pacing.note_success(edit.method)
        return Shown(edit.ts)

    async def post_charts(self, post: Post, ts: str) -> None:
        """Post the charts of a message that was posted as pictures, if the workspace doesn't show charts."""
        await self._fallback.post_charts(post.message, post.channel, post.thread.ts or ts)

    def _take_turn(self, sending: Post | Edit) -> None:
        """Count a call that follows at once. Another replica may lead by now, whose newer state it would undo."""
        self._require_leadership()
        self._pacing.take(sending.method, sending.channel)

    async def _send_edit(self, edit: Edit) -> None:
        match edit:
            case PreviewEdit():
                await self._api.unfurl(edit.channel, edit.ts, edit.url, edit.message)
            case MessageEdit():
                await self._api.update(edit.channel, edit.ts, edit.message)
            case HomeEdit():
                await self._api.publish(edit.user, edit.view)

    def _judge(self, problem: SlackError, method: str, attempts: int) -> Failed | Undeliverable:
        if problem.kind == "refused":
            return Undeliverable(problem.code)
        if problem.kind == "limited":
            self._pacing.close(method, problem.retry_after)
            return Failed(problem.retry_after or _LIMITED_SECONDS)
        log.warning("call to Slack failed", method=method, code=problem.code, kind=problem.kind)
        wait = max(self._pacing.note_failure(method), backoff_seconds(attempts + 1, base=1, longest=20))
        return Failed(wait, uncertain=problem.kind == "uncertain")

    async def _find_earlier(self, post: Post, intent_at: datetime) -> str | None:
        """Search for an earlier attempt with one bounded read.

        If the app lacks the scope to read, a crash may duplicate a message; `kitestring doctor` warns of that.
        """
        try:
            return await self._api.find_posted(post.thread, post.mark, intent_at.timestamp(), self._bot_id())
        except SlackError as problem:
            if problem.kind != "refused":
                raise
            log.warning("can't search for an earlier post", code=problem.code)
            return None
