"""Posts a message exactly once: store the intent, post with a mark, and after a crash search for the mark."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

import structlog

from bot.runtime.token_bucket import backoff_seconds
from bot.slack.api_errors import SlackError
from bot.slack.block_fallback import BlockFallback
from bot.slack.blockkit.blocks import Message
from bot.slack.rate_limits import POST, Pacing
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient

# Seconds after which an interrupted request can no longer be in flight: the client's time-out plus a margin.
_IN_FLIGHT_SECONDS = 12.0
SHARED_OUTSIDE = "channel shared with another organization"
log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Posted:
    """The message is there; unless `fresh`, an earlier attempt posted it with the content of that time."""

    ts: str
    fresh: bool = True


@dataclass(frozen=True)
class PostDelayed:
    """Try again after `seconds`; with `uncertain` it may be there already, so the next attempt searches first."""

    seconds: float
    uncertain: bool = False


@dataclass(frozen=True)
class PostRejected:
    """Slack refuses the message permanently, or we do; `code` is the error."""

    code: str


PostOutcome = Posted | PostDelayed | PostRejected


class Poster:
    """Posts cards and replies exactly once.

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
        self.fallback = fallback
        self.is_shared_outside = is_shared_outside
        self._pacing = pacing
        self._bot_id = bot_id
        self.require_leadership = require_leadership

    async def post_once(
        self,
        thread: Thread,
        message: Message,
        mark: str,
        *,
        intent_at: datetime | None,
        begin: Callable[[], Awaitable[None]],
        attempts: int,
        wanted: bool = True,
        broadcast: bool = False,
    ) -> PostOutcome:
        """Post a message unless an earlier attempt is found; `begin` stores the intent before anything is sent.

        A message no longer `wanted` is only searched for. `broadcast` also shows a reply in the channel.
        """
        try:
            if intent_at is not None:
                remaining = _IN_FLIGHT_SECONDS - (self._pacing.clock.now() - intent_at).total_seconds()
                if 0 < remaining <= _IN_FLIGHT_SECONDS:
                    return PostDelayed(remaining, uncertain=True)
                found = await self._find_earlier(thread, mark, intent_at)
                if found:
                    return Posted(found, fresh=False)
            if not wanted:
                return PostRejected("overtaken")
            if await self.is_shared_outside(thread.channel):
                return PostRejected(SHARED_OUTSIDE)
            await begin()
            self.require_leadership()
            self._pacing.take(POST, thread.channel)
            ts = await self.fallback.send_accepted(
                message, lambda supported: self._api.post(thread, supported, mark, broadcast=broadcast)
            )
        except SlackError as problem:
            return self._judge(problem, attempts)
        self._pacing.note_success(POST)
        return Posted(ts)

    def _judge(self, problem: SlackError, attempts: int) -> PostOutcome:
        if problem.kind == "refused":
            return PostRejected(problem.code)
        if problem.kind == "limited":
            self._pacing.close(POST, problem.retry_after)
            return PostDelayed(problem.retry_after)
        log.warning("post failed", code=problem.code, kind=problem.kind)
        wait = max(self._pacing.note_failure(POST), backoff_seconds(attempts + 1, base=1, longest=20))
        return PostDelayed(wait, uncertain=problem.kind == "uncertain")

    async def _find_earlier(self, thread: Thread, mark: str, intent_at: datetime) -> str | None:
        """Search for an earlier attempt with one bounded read.

        If the app lacks the scope to read, a crash may duplicate a message; `kitestring doctor` warns of that.
        """
        try:
            return await self._api.find_posted(thread, mark, intent_at.timestamp(), self._bot_id())
        except SlackError as problem:
            if problem.kind != "refused":
                raise
            log.warning("can't search for an earlier post", code=problem.code)
            return None
