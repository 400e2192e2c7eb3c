"""Where the bot can post, and where it talks to one person alone."""

from __future__ import annotations

from bot.errors import Unavailable
from bot.model import Thread
from bot.slack.api import SlackApi
from bot.slack.problems import SlackProblem


class Places:
    """Asks Slack each time: people invite and remove bots."""

    def __init__(self, api: SlackApi) -> None:
        self._api = api

    async def postable(self, thread: Thread) -> bool:
        """Whether a card can be posted there; when Slack does not answer, yes: a card finds its way by DM."""
        try:
            channel = await self._api.channel(thread.channel)
        except SlackProblem as problem:
            return problem.kind != "refused"
        if channel.get("is_archived"):
            return False
        return bool(channel.get("is_member") or channel.get("is_im"))

    async def direct(self, team: str, user: str) -> Thread:
        """The DM with a person. Raises Unavailable."""
        try:
            return Thread(team, await self._api.direct(user))
        except SlackProblem as problem:
            raise Unavailable("I cannot open a direct message with you.", "Try again in a moment.") from problem
