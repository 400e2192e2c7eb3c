"""Where the bot can post and where it may, and where it talks to one person alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from bot.access.policy.rules import Rules
from bot.access.policy.shared_channels import external, named, outside
from bot.errors import Refused, Unavailable
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient

# Seconds for which it is believed with whom a channel is shared.
SHARED_FOR = 60.0
_ABSENT = "channel_not_found"


class _Look(NamedTuple):
    """What Slack said of a channel, and when."""

    at: float
    channel: Mapping[str, Any]


class ChannelAccess:
    """Asks Slack each time whether it can post: people invite and remove bots.

    With whom a channel is shared is asked for once a minute, and before everything that follows a build. `rules`
    name the shared channels in which the bot may speak all the same.
    """

    def __init__(self, api: SlackClient, clock: Clock, rules: Callable[[], Rules]) -> None:
        self._api = api
        self._clock = clock
        self._rules = rules
        self._looks: dict[str, _Look] = {}

    async def postable(self, thread: Thread) -> bool:
        """Whether a card can be posted there; when Slack does not answer, yes: a card finds its way by DM."""
        try:
            channel = await self._asked(thread.channel)
        except SlackError as problem:
            return problem.kind != "refused"
        if channel.get("is_archived") or self._shut(channel):
            return False
        return bool(channel.get("is_member") or channel.get("is_im"))

    async def shut(self, channel: str) -> bool:
        """Whether another organization reads along in a channel that the policy does not name.

        Raises SlackProblem while Slack does not say: then nothing may be said there. The bot's direct messages
        are with people of this workspace alone: others get no answer that would open one.
        """
        if channel.startswith("D"):
            return False
        look = self._looks.get(channel)
        if look is None or self._clock.monotonic() - look.at >= SHARED_FOR:
            try:
                await self._asked(channel)
            except SlackError as problem:
                if problem.kind != "refused":
                    raise
                # What is not there for us takes no message either; else, who may not look may not speak.
                return problem.code != _ABSENT
            look = self._looks[channel]
        return self._shut(look.channel)

    async def takes_files(self, channel: str) -> bool:
        """Whether a file may be put there: nobody else reads along, and Slack says so."""
        try:
            return not await self.shut(channel)
        except SlackError:
            return False

    async def shows(self, channel: str) -> bool:
        """Whether something may be shown there unasked: Slack tells us of it, and nobody else reads along.

        Raises SlackProblem while Slack does not say.
        """
        try:
            return not self._shut(await self._asked(channel))
        except SlackError as problem:
            if problem.kind != "refused":
                raise
            return False

    async def reads(self, channel: str, user: str) -> bool:
        """Whether a person can read what stands in a channel. Raises Unavailable while Slack does not say."""
        try:
            found = await self._asked(channel)
            public = not (found.get("is_private") or found.get("is_im") or found.get("is_mpim"))
            return public or await self._api.in_channel(channel, user)
        except SlackError as problem:
            return _refused(problem)

    async def joined(self, channel: str, user: str) -> bool:
        """Whether a person is in a channel. Raises Unavailable while Slack does not say."""
        try:
            return await self._api.in_channel(channel, user)
        except SlackError as problem:
            return _refused(problem)

    async def admit(self, channel: str) -> None:
        """Raises Refused in a channel that is shut. While Slack does not say, whoever posts there looks again."""
        try:
            shut = await self.shut(channel)
        except SlackError:
            return
        if shut:
            refused = outside(self._rules(), channel)
            raise Refused(refused.message, refused.hint, refused.rule)

    async def direct(self, team: str, user: str) -> Thread:
        """The DM with a person. Raises Unavailable."""
        try:
            return Thread(team, await self._api.direct(user))
        except SlackError as problem:
            raise Unavailable("I cannot open a direct message with you.", "Try again in a moment.") from problem

    async def _asked(self, channel: str) -> Mapping[str, Any]:
        found = await self._api.channel(channel)
        self._looks[channel] = _Look(self._clock.monotonic(), found)
        return found

    def _shut(self, channel: Mapping[str, Any]) -> bool:
        return external(channel) and not named(self._rules(), channel)


def _refused(problem: SlackError) -> bool:
    """What Slack does not show us, nobody reads for us."""
    if problem.kind != "refused":
        raise Unavailable("I could not ask Slack who is in that channel.", "Try again in a moment.") from problem
    return False
