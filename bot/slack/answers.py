"""Tells one person something: by response URL, else as an ephemeral message, else by DM."""

from __future__ import annotations

import structlog

from bot.slack.api_errors import SlackError
from bot.slack.block_fallback import BlockFallback
from bot.slack.blockkit.blocks import Message
from bot.slack.rate_limits import POST, Pacing
from bot.slack.types import File, Recipient, Thread
from bot.slack.web_client import SlackClient

log = structlog.stdlib.get_logger(__name__)


class Answers:
    """Private answers go out from wherever the request was taken; they are not stored."""

    def __init__(self, api: SlackClient, pacing: Pacing, pictures: BlockFallback) -> None:
        self._api = api
        self._pictures = pictures
        self._pacing = pacing

    async def tell(self, to: Recipient, message: Message, *, replace: bool = False, public: bool = False) -> bool:
        """Say it privately; with `replace` in place of what was clicked, which with `public` everybody sees.

        Says whether it went.
        """
        went = await self._tell(to, message, replace=replace, public=public)
        if went:
            await self._pictures.give(message, to.user)
        return went

    async def _tell(self, to: Recipient, message: Message, *, replace: bool, public: bool) -> bool:
        if to.nowhere:
            return await self._direct(to, message)  # who asked looks at no conversation
        if to.in_thread and not replace and await self._whisper(to.thread, to.user, message):
            return True  # a response URL shows its answer in the channel, out of the thread's sight
        how = {"replace": replace, "public": public}
        if to.response_url and await self._respond(to.response_url, message, **how):
            return True
        return await self._whisper(to.thread, to.user, message) or await self._direct(to, message)

    async def hand_over(self, user: str, file: File, place: Thread | None = None) -> bool:
        """Put a file into `place`, where everybody sees it, or else into the DM with a person."""
        try:
            channel = place.channel if place else await self._api.direct(user)
            await self._api.upload(channel, file, thread_ts=place.ts if place else None)
        except SlackError as problem:
            log.warning("file not delivered", code=problem.code)
            return False
        return True

    async def _respond(self, url: str, message: Message, **how: bool) -> bool:
        try:
            await self._pictures.sent(message, lambda shown: self._api.respond(url, shown, **how))
        except SlackError as problem:
            log.info("response URL not usable", code=problem.code)
            return False
        return True

    async def _whisper(self, thread: Thread, user: str, message: Message) -> bool:
        try:
            await self._pictures.sent(message, lambda shown: self._api.whisper(thread, user, shown))
        except SlackError as problem:
            log.info("no ephemeral message", code=problem.code)
            return False
        return True

    async def _direct(self, to: Recipient, message: Message) -> bool:
        try:
            channel = await self._api.direct(to.user)
            if self._pacing.wait(POST, channel) > 0:
                return False
            self._pacing.take(POST, channel)
            place, mark = Thread(to.thread.team, channel), f"answer:{to.id}"
            await self._pictures.sent(message, lambda shown: self._api.post(place, shown, mark))
        except SlackError as problem:
            if problem.kind == "limited":
                self._pacing.close(POST, problem.retry_after)
            log.warning("answer not delivered", invocation=to.id, code=problem.code)
            return False
        return True
