"""The destination of a card that was requested outside of any conversation: chosen in the form, then checked."""

from __future__ import annotations

from bot.access.channel_access import ChannelAccess
from bot.operations import forms
from bot.slack.form_values import FormValues
from bot.slack.types import Thread


class FormDestinations:
    """Offers the person's direct messages with the bot, or any channel that both are in."""

    def __init__(self, channel_access: ChannelAccess) -> None:
        self._channel_access = channel_access

    async def home(self, team: str, user: str) -> Thread:
        """Return the direct messages with a person. Raises Unavailable."""
        return await self._channel_access.open_direct_message(team, user)

    async def chosen(self, values: FormValues, own: Thread, user: str) -> tuple[Thread, str | None]:
        """Return the chosen destination, and a problem with it or None; `own` is the DM. Raises Unavailable."""
        channel = forms.read_destination(values) or own.channel
        there = Thread(own.team, channel)
        return there, None if channel == own.channel else await self._find_problem(there, user)

    async def _find_problem(self, there: Thread, user: str) -> str | None:
        if there.channel.startswith("D"):
            return "I can't post in your direct messages with other people. Choose a channel, or your DM with me."
        if not await self._channel_access.is_joined(there.channel, user):
            return "You aren't in that channel. Choose one that we're both in."
        if not await self._channel_access.can_post(there):
            return "I'm not in that channel, or it's archived or shared with another organization."
        return None
