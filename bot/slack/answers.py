"""Sends private answers to one person: by response URL, else as an ephemeral message, else as a direct message.

In the bot's own direct messages everything is private, so answers there are ordinary messages, which stay.
"""

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
        self._directs: dict[str, str] = {}

    async def send(self, to: Recipient, message: Message, *, replace: bool = False, public: bool = False) -> bool:
        """Send a message privately and return whether that worked.

        `replace` replaces the message whose button was pressed; with `public` that one is visible to everyone.
        A program reads its answer itself.
        """
        if to.is_program:
            return True
        went = await self._deliver(to, message, replace=replace, public=public)
        if went:
            await self._fallback.send_charts(message, to.user)
        return went

    async def _deliver(self, to: Recipient, message: Message, *, replace: bool, public: bool) -> bool:
        if to.direct_only:
            return await self._send_direct(to, message)  # the request came from outside any conversation
        if not replace and await self._answer_in_place(to, message):
            return True
        options = {"replace": replace, "public": public}
        if to.response_url and await self._respond(to.response_url, message, **options):
            return True
        return await self._send_ephemeral(to.thread, to.user, message) or await self._send_direct(to, message)

    async def _answer_in_place(self, to: Recipient, message: Message) -> bool:
        """Send what a response URL can't: an ordinary message, or one in the thread instead of the channel."""
        if await self._is_in_direct(to):
            return await self._post(to, to.thread, message)
        return to.in_thread and await self._send_ephemeral(to.thread, to.user, message)

    async def delete_original(self, to: Recipient) -> None:
        """Delete the private message whose button was pressed; if that fails, it only stays."""
        if not to.response_url:
            return
        try:
            await self._api.delete_original(to.response_url)
        except SlackError as problem:
            log.info("private message not deleted", code=problem.code)

    async def send_file(self, user: str, file: File, place: Thread | None = None) -> bool:
        """Upload a file to the thread `place`, visible to everyone there, or else send it by direct message."""
        try:
            channel = place.channel if place else await self._open_direct(user)
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

    async def _is_in_direct(self, to: Recipient) -> bool:
        """Return whether the request came from the direct messages of the person with the bot itself."""
        if not to.thread.is_direct:
            return False
        try:
            return to.thread.channel == await self._open_direct(to.user)
        except SlackError:
            return False

    async def _open_direct(self, user: str) -> str:
        if user not in self._directs:
            self._directs[user] = await self._api.open_direct(user)
        return self._directs[user]

    async def _send_direct(self, to: Recipient, message: Message) -> bool:
        try:
            channel = await self._open_direct(to.user)
        except SlackError as problem:
            log.warning("answer not delivered", invocation=to.id, code=problem.code)
            return False
        return await self._post(to, Thread(to.thread.team, channel), message)

    async def _post(self, to: Recipient, place: Thread, message: Message) -> bool:
        """Post an ordinary message in the direct messages with a person."""
        if self._pacing.compute_wait(POST, place.channel) > 0:
            return False
        try:
            self._pacing.take(POST, place.channel)
            mark = f"answer:{to.id}"
            await self._fallback.send_accepted(message, lambda supported: self._api.post(place, supported, mark))
        except SlackError as problem:
            if problem.kind == "limited":
                self._pacing.close(POST, problem.retry_after)
            log.warning("answer not delivered", invocation=to.id, code=problem.code)
            return False
        return True
