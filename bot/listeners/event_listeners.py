"""Listeners for requests from outside of conversations: the home tab, shared links, the global shortcut."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine

from bot.builds.links.previews import LinkedMessage
from bot.builds.links.unfurl import LinkUnfurler
from bot.listeners import requests
from bot.listeners.dispatch import Dispatcher
from bot.listeners.home_tab import HomeTab
from bot.listeners.payload_shapes import (
    DroppedEventsPayload,
    EventPayload,
    GlobalShortcut,
    HomeOpenedPayload,
    LinkSharedPayload,
)
from bot.operations.invocation import Request
from bot.slack.blockkit.blocks import Message
from bot.slack.notices import AppNotices

START = "start_build"
# Bolt's function to acknowledge a request, with a response in its arguments.
Ack = Callable[..., Awaitable[object]]


class EventListeners:
    """Listeners for Bolt; `team` is the bot's workspace. Slack sends events again whose listener raises."""

    def __init__(
        self,
        home: HomeTab,
        unfurling: LinkUnfurler,
        dispatcher: Dispatcher,
        notices: AppNotices,
        spawn: Callable[[Coroutine[object, object, None]], None],
        team: str,
    ) -> None:
        self._home = home
        self._unfurling = unfurling
        self._dispatcher = dispatcher
        self._notices = notices
        self._spawn = spawn
        self._team = team

    async def opened(self, payload: HomeOpenedPayload) -> None:
        """Take note that a person opened the app's home."""
        if payload.team_id == self._team:
            await self._home.opened(self._team, payload.event)

    async def linked(self, payload: LinkSharedPayload) -> None:
        """Show previews of links in a posted message."""
        event = payload.event
        if payload.team_id == self._team and event.is_posted:
            urls = dict.fromkeys(link.url for link in event.links)
            source = LinkedMessage(self._team, event.channel, event.message_ts)
            self._spawn(self._unfurling.unfurl_links(source, event.user, tuple(urls)))

    async def dropped(self, payload: DroppedEventsPayload) -> None:
        """Take note that Slack dropped events."""
        await self._notices.note_dropped_events(payload.minute_rate_limited)

    async def ignored(self, payload: EventPayload) -> None:
        """Accept an event without a listener, because Slack counts unanswered ones as failures."""
        self._notices.note_event(payload.event.type)

    async def started(self, ack: Ack, payload: GlobalShortcut) -> None:
        """Open the form that starts a build."""
        if payload.workspace == self._team:
            self._dispatcher.open_form_anywhere(requests.from_global_shortcut(payload), "build create")
        await ack()

    async def pressed(self, request: Request, action: str, value: str) -> Message | None:
        """Take a press of a button on a person's home."""
        return await self._home.pressed(request, action, value)
