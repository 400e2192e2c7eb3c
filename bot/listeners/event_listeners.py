"""What comes from outside of conversations: homes that are opened and pressed, links, global shortcuts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any

from bot.builds.links.unfurl import Unfurling
from bot.listeners import requests
from bot.listeners.dispatch import Dispatcher
from bot.listeners.home_tab import HomeTab
from bot.slack.blockkit.blocks import Message

START = "start_build"
_COMPOSER = "COMPOSER"
Ack = Callable[..., Awaitable[Any]]
Body = Mapping[str, Any]


class EventListeners:
    """Listeners for Bolt; `team` is the one workspace that is served. What raises is sent again by Slack."""

    def __init__(
        self,
        home: HomeTab,
        unfurling: Unfurling,
        intake: Dispatcher,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        team: str,
    ) -> None:
        self._home = home
        self._unfurling = unfurling
        self._intake = intake
        self._spawn = spawn
        self._team = team

    async def opened(self, event: Body, body: Body) -> None:
        """Somebody looks at the app."""
        if body.get("team_id") == self._team:
            await self._home.opened(self._team, event)

    async def linked(self, event: Body, body: Body) -> None:
        """Links in a message; while it is being written nothing is shown, for then nobody knows where it goes.

        https://docs.slack.dev/reference/events/link_shared
        """
        written = event.get("source") == "composer" or event.get("channel") in (None, "", _COMPOSER)
        if body.get("team_id") == self._team and not written and event.get("message_ts"):
            urls = dict.fromkeys(str(link["url"]) for link in event["links"])
            place = (self._team, str(event["channel"]), str(event["message_ts"]))
            self._spawn(self._unfurling.shared(place, str(event["user"]), tuple(urls)))

    async def started(self, ack: Ack, body: Body) -> None:
        """The global shortcut: the form that starts a build."""
        if requests.team_of(body) == self._team:
            self._intake.anywhere(requests.of_anywhere(body), "build create")
        await ack()

    async def pressed(self, request: requests.Request, action: str, value: str) -> Message | None:
        """A button of somebody's home."""
        return await self._home.pressed(request, action, value)
