"""Sends private answers to one person: by response URL, else as an ephemeral message, else as a direct message."""

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
    """Sends private answers from the replica that took the request; they aren't stored in the outbox."""

    def __init__(self, api: SlackClient, pacing: Pacing, fallback: BlockFallback) -> None:
        self._api = api
        self._fallback = fallback
        self._pacing = pacing

    async def send(self, to: Recipient, message: Message, *, replace: bool = False, public: bool = False) -> bool:
        """Send a message privately and return whether that worked.

        `replace` replaces the message whose button was pressed; with `public` that one is visible to everyone.
        """
        went = await self._deliver(to, message, replace=replace, public=public)
        if went:
            await self._fallback.send_charts(message, to.user)
        return went

    async def _deliver(self, to: Recipient, message: Message, *, replace: bool, public: bool) -> bool:
        if to.direct_only:
            return await self._send_direct(to, message)  # the request came from outside any conversation
        if to.in_thread and not replace and await self._send_ephemeral(to.thread, to.user, message):
            return True  # a response URL would answer in the channel instead of the thread
        options = {"replace": replace, "public": public}
        if to.response_url and await self._respond(to.response_url, message, **options):
            return True
        return await self._send_ephemeral(to.thread, to.user, message) or await self._send_direct(to, message)

    async def send_file(self, user: str, file: File, place: Thread | None = None) -> bool:
        """Upload a file to the thread `place`, visible to everyone there, or else send it by direct message."""
        try:
            channel = place.channel if place else await self._api.open_direct(user)
            await self._api.upload(channel, file, thread_ts=place.ts if place else None)
        except SlackError as problem:
            log.warning("file not delivered", code=problem.code)
            return False
        return True

    async def _respond(self, url: str, message: Message, **options: bool) -> bool:
        try:
            await self._fallback.send_accepted(
                message, lambda supported: self._api.respond(url, supported, **options)
            )
        except SlackError as problem:
            log.info("response URL not usable", code=problem.code)
            return False
        return True

    async def _send_ephemeral(self, thread: Thread, user: str, message: Message) -> bool:
        try:
            await self._fallback.send_accepted(
                message, lambda supported: self._api.post_ephemeral(thread, user, supported)
            )
        except SlackError as problem:
            log.info("no ephemeral message", code=problem.code)
            return False
        return True

    async def _send_direct(self, to: Recipient, message: Message) -> bool:
        try:
            channel = await self._api.open_direct(to.user)
            if self._pacing.compute_wait(POST, channel) > 0:
                return False
            self._pacing.take(POST, channel)
            place, mark = Thread(to.thread.team, channel), f"answer:{to.id}"
            await self._fallback.send_accepted(message, lambda supported: self._api.post(place, supported, mark))
        except SlackError as problem:
            if problem.kind == "limited":
                self._pacing.close(POST, problem.retry_after)
            log.warning("answer not delivered", invocation=to.id, code=problem.code)
            return False
        return True
