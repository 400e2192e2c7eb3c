"""Where the card of what was asked for in no conversation goes: chosen in the form, judged when it is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.access.channel_access import ChannelAccess
from bot.operations import forms
from bot.slack.types import Thread


class Placing:
    """The direct message with the bot is offered first; a channel has to be one that both are in."""

    def __init__(self, places: ChannelAccess) -> None:
        self._places = places

    async def home(self, team: str, user: str) -> Thread:
        """The direct message with a person. Raises Unavailable."""
        return await self._places.direct(team, user)

    async def chosen(self, values: Mapping[str, Any], own: Thread, user: str) -> tuple[Thread, str | None]:
        """Where it goes, and why it cannot, if so; `own` is the direct message. Raises Unavailable."""
        channel = forms.place_of(values) or own.channel
        there = Thread(own.team, channel)
        return there, None if channel == own.channel else await self._wrong(there, user)

    async def _wrong(self, there: Thread, user: str) -> str | None:
        if there.channel.startswith("D"):
            return "That is between you and somebody else. Choose a channel, or your messages with me."
        if not await self._places.joined(there.channel, user):
            return "I do not see you in that channel. Choose one that we are both in."
        if not await self._places.postable(there):
            return "I am not in that channel, or it is archived or shared with others."
        return None
