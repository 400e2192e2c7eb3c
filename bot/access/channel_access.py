"""Decides where the bot can and may post, and opens direct messages.

Nothing is posted in a channel that people of other organizations read, unless the policy allows that channel.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from bot.access.policy.rules import Refuse, Rules
from bot.errors import Unavailable
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.api_shapes import ChannelInfo
from bot.slack.blockkit.mrkdwn import code, md
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient

# Channels are seldom shared with another organization, but every post depends on it: read once a minute.
SHARING_CHECK_SECONDS = 60.0
EXTERNAL_CHANNEL_RULE = "shared channel"
_CHANNEL_NOT_FOUND = "channel_not_found"


class _ChannelRead(NamedTuple):
    """A channel as Slack last returned it."""

    read_at: float
    channel: ChannelInfo


class ChannelAccess:
    """Asks Slack before each post whether the bot can post there, because people invite and remove bots.

    Whether a channel is shared externally is read once a minute, and again before a build is tracked in it.
    `rules` list the externally shared channels in which the bot may post.
    """

    def __init__(self, api: SlackClient, clock: Clock, rules: Callable[[], Rules]) -> None:
        self._api = api
        self._clock = clock
        self._rules = rules
        self._reads: dict[str, _ChannelRead] = {}

    async def can_post(self, thread: Thread) -> bool:
        """Return whether a card can be posted there.

        If Slack doesn't answer, assume that it can: a card that turns out to be refused goes to a direct message.
        """
        try:
            channel = await self._read_channel(thread.channel)
        except SlackError as problem:
            return problem.kind != "refused"
        if channel.is_archived or self._is_restricted(channel):
            return False
        return channel.is_member or channel.is_im

    async def is_restricted(self, channel: str) -> bool:
        """Return whether another organization reads a channel that the policy doesn't allow.

        Raise SlackError while Slack doesn't say; nothing may be posted then. Direct messages are never restricted:
        the bot opens them only with people in this workspace. Nor is no channel at all, as of a program's call.
        """
        if not channel or channel.startswith("D"):
            return False
        last_read = self._reads.get(channel)
        if last_read is None or self._clock.monotonic() - last_read.read_at >= SHARING_CHECK_SECONDS:
            try:
                await self._read_channel(channel)
            except SlackError as problem:
                if problem.kind != "refused":
                    raise
                # A channel that doesn't exist for the bot leaks nothing. Any other refusal leaves it unknown who
                # reads the channel, so it counts as restricted.
                return problem.code != _CHANNEL_NOT_FOUND
            last_read = self._reads[channel]
        return self._is_restricted(last_read.channel)

    async def accepts_files(self, channel: str) -> bool:
        """Return whether a file may be uploaded: only if Slack confirms that the channel isn't restricted."""
        try:
            return not await self.is_restricted(channel)
        except SlackError:
            return False

    async def allows_unfurls(self, channel: str) -> bool:
        """Return whether link previews may be shown there: the bot sees the channel, and it isn't restricted.

        Raise SlackError while Slack doesn't say.
        """
        try:
            return not self._is_restricted(await self._read_channel(channel))
        except SlackError as problem:
            if problem.kind != "refused":
                raise
            return False

    async def can_read(self, channel: str, user: str) -> bool:
        """Return whether a person can read a channel. Raise Unavailable while Slack doesn't say."""
        try:
            found = await self._read_channel(channel)
            public = not (found.is_private or found.is_im or found.is_mpim)
            return public or await self._api.is_in_channel(channel, user)
        except SlackError as problem:
            return _deny_unless_unavailable(problem)

    async def is_joined(self, channel: str, user: str) -> bool:
        """Return whether a person is in a channel. Raise Unavailable while Slack doesn't say."""
        try:
            return await self._api.is_in_channel(channel, user)
        except SlackError as problem:
            return _deny_unless_unavailable(problem)

    async def require_unrestricted(self, channel: str) -> None:
        """Raise Refused in a restricted channel. While Slack doesn't say, let it pass: every post checks again."""
        try:
            restricted = await self.is_restricted(channel)
        except SlackError:
            return
        if restricted:
            raise refuse_external(self._rules(), channel).make_error()

    async def open_direct_message(self, team: str, user: str) -> Thread:
        """Return the direct message with a person. Raise Unavailable."""
        try:
            return Thread(team, await self._api.open_direct(user))
        except SlackError as problem:
            raise Unavailable("I couldn't open a direct message with you.", "Try again in a moment.") from problem

    async def _read_channel(self, channel: str) -> ChannelInfo:
        found = await self._api.read_channel(channel)
        self._reads[channel] = _ChannelRead(self._clock.monotonic(), found)
        return found

    def _is_restricted(self, channel: ChannelInfo) -> bool:
        return is_external(channel) and not is_allowed_external(self._rules(), channel)


def _deny_unless_unavailable(problem: SlackError) -> bool:
    """Return False for a channel that Slack doesn't show to the bot. Raise Unavailable for any other failure."""
    if problem.kind != "refused":
        raise Unavailable(
            "I couldn't check with Slack who is in that channel.", "Try again in a moment."
        ) from problem
    return False


def is_external(channel: ChannelInfo) -> bool:
    """Return whether another organization reads a channel, or will once it accepts: it then sees the history too.

    Channels shared between workspaces of one organization don't count.
    https://docs.slack.dev/reference/objects/conversation-object
    """
    if channel.is_ext_shared or channel.is_pending_ext_shared:
        return True
    return channel.is_shared and not channel.is_org_shared


def is_allowed_external(rules: Rules, channel: ChannelInfo) -> bool:
    """Return whether the policy lists the channel, by its id or as `#name`."""
    names = {channel.id, f"#{(channel.name or '').lower()}"}
    return bool(rules.shared_channels & names)


def refuse_external(rules: Rules, channel: str) -> Refuse:
    """Refuse a request from a channel that another organization reads."""
    hint = md(
        "Use an internal channel or message me directly, or ask {admins} to add {channel} to `shared_channels` "
        "in the policy.",
        admins=rules.admins,
        channel=code(channel),
    )
    message = "This channel is shared with another organization, so I don't act or post here."
    return Refuse(EXTERNAL_CHANNEL_RULE, message, hint)
