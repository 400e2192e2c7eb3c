"""Listeners for requests from outside of conversations: the home tab, shared links, the global shortcut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from bot.builds.links.unfurl import LinkUnfurler
from bot.listeners import requests
from bot.listeners.dispatch import Dispatcher
from bot.listeners.home_tab import HomeTab
from bot.operations.invocation import Request
from bot.slack.blockkit.blocks import Message

START = "start_build"
_COMPOSER = "COMPOSER"
Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]


class EventListeners:
    """Listeners for Bolt; `team` is the bot's workspace. Slack sends events again whose listener raises."""

    def __init__(
        self,
        home: HomeTab,
        unfurling: LinkUnfurler,
        dispatcher: Dispatcher,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        team: str,
    ) -> None:
        self._home = home
        self._unfurling = unfurling
        self._dispatcher = dispatcher
        self._spawn = spawn
        self._team = team

    async def opened(self, event: Body, body: Body) -> None:
        """Take note that a person opened the app's home."""
        if body.get("team_id") == self._team:
            await self._home.opened(self._team, event)

    async def linked(self, event: Body, body: Body) -> None:
        """Show previews of links in a posted message; not in a draft, whose channel isn't known yet.

        https://docs.slack.dev/reference/events/link_shared
        """
        written = event.get("source") == "composer" or event.get("channel") in (None, "", _COMPOSER)
        if body.get("team_id") == self._team and not written and event.get("message_ts"):
            urls = dict.fromkeys(str(link["url"]) for link in event["links"])
            place = (self._team, str(event["channel"]), str(event["message_ts"]))
            self._spawn(self._unfurling.unfurl_links(place, str(event["user"]), tuple(urls)))

    async def started(self, ack: Ack, body: Body) -> None:
        """Open the form that starts a build."""
        if requests.read_team(body) == self._team:
            self._dispatcher.open_form_anywhere(requests.from_global_shortcut(body), "build create")
        await ack()

    async def pressed(self, request: Request, action: str, value: str) -> Message | None:
        """Take a press of a button on a person's home."""
        return await self._home.pressed(request, action, value)
