"""Posts a message once, whatever happens on the way: intent written, posted with a mark, ts written."""

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

# Seconds after which a request that was cut off can no longer be under way: Slack's time-out, and some.
_SETTLES = 12.0
SHARED_OUTSIDE = "channel shared with another organization"
log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True)
class Posted:
    """It is there; unless `fresh` it was posted by an earlier attempt, and shows what was known then."""

    ts: str
    fresh: bool = True


@dataclass(frozen=True)
class PostDelayed:
    """Try again in so many seconds; with `doubtful` it may be there already and is looked for first."""

    seconds: float
    uncertain: bool = False


@dataclass(frozen=True)
class PostRejected:
    """Slack refuses it for good, or we do: `code` is its error."""

    code: str


PostOutcome = Posted | PostDelayed | PostRejected


class Posting:
    """Posts under one rule for cards and replies. `bot_id` tells our own messages from others'.

    `sure` raises unless this replica is the writer still; `shut` says whether another organization reads along
    in a channel that the policy does not name; `pictures` shows charts as the workspace takes them.
    """

    def __init__(
        self,
        api: SlackClient,
        pacing: Pacing,
        bot_id: Callable[[], str],
        sure: Callable[[], None],
        shut: Callable[[str], Awaitable[bool]],
        pictures: BlockFallback,
    ) -> None:
        self._api = api
        self.pictures = pictures
        self.shut = shut
        self._pacing = pacing
        self._bot_id = bot_id
        self.sure = sure

    async def once(
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
        """Post unless an earlier attempt is found; `begin` writes the intent down before anything is sent.

        What is `wanted` no more is only looked for; with `broadcast` a reply is shown in the channel as well.
        """
        try:
            if intent_at is not None:
                young = _SETTLES - (self._pacing.clock.now() - intent_at).total_seconds()
                if 0 < young <= _SETTLES:
                    return PostDelayed(young, uncertain=True)
                found = await self._found(thread, mark, intent_at)
                if found:
                    return Posted(found, fresh=False)
            if not wanted:
                return PostRejected("overtaken")
            if await self.shut(thread.channel):
                return PostRejected(SHARED_OUTSIDE)
            await begin()
            self.sure()
            self._pacing.take(POST, thread.channel)
            ts = await self.pictures.send_accepted(
                message, lambda shown: self._api.post(thread, shown, mark, broadcast=broadcast)
            )
        except SlackError as problem:
            return self._judge(problem, attempts)
        self._pacing.worked(POST)
        return Posted(ts)

    def _judge(self, problem: SlackError, attempts: int) -> PostOutcome:
        if problem.kind == "refused":
            return PostRejected(problem.code)
        if problem.kind == "limited":
            self._pacing.close(POST, problem.retry_after)
            return PostDelayed(problem.retry_after)
        log.warning("post failed", code=problem.code, kind=problem.kind)
        wait = max(self._pacing.failed(POST), backoff_seconds(attempts + 1, base=1, longest=20))
        return PostDelayed(wait, uncertain=problem.kind == "uncertain")

    async def _found(self, thread: Thread, mark: str, intent_at: datetime) -> str | None:
        """One bounded look; where the app may not read, a crash may double a post, and `doctor` says so."""
        try:
            return await self._api.find(thread, mark, intent_at.timestamp(), self._bot_id())
        except SlackError as problem:
            if problem.kind != "refused":
                raise
            log.warning("cannot look for an earlier post", code=problem.code)
            return None
