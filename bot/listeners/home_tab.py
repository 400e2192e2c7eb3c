"""What people do on their home: look at it, and press what is offered there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bot.access.approvals.proposals import Proposals
from bot.access.channel_access import ChannelAccess
from bot.home.publisher import Openings
from bot.home.render import PREFIX
from bot.listeners.dispatch import Dispatcher
from bot.listeners.requests import Request
from bot.notifications.subscriptions.queries import find_subscription
from bot.operations.render import render_note
from bot.slack.blockkit.blocks import Message
from bot.slack.types import Thread
from bot.store.transactions import Store

_UNKNOWN = "That is not there any more. Your home is drawn again in a moment."


class HomeTab:
    """Whatever is pressed is judged like what is typed in the direct message with the bot; answers come there."""

    def __init__(
        self, store: Store, openings: Openings, places: ChannelAccess, proposals: Proposals, intake: Dispatcher
    ) -> None:
        self._store = store
        self._openings = openings
        self._places = places
        self._proposals = proposals
        self._intake = intake

    async def opened(self, team: str, event: Mapping[str, Any]) -> None:
        """Somebody looks at the app: at their home or at its messages. Raises Unavailable."""
        if event.get("tab") in (None, "home"):
            await self._openings.note(team, event["user"], empty=not event.get("view"))

    async def pressed(self, request: Request, action: str, value: str) -> Message | None:
        """A button; what is to be said at once, or None. Raises Unavailable."""
        name = action.removeprefix(PREFIX)
        if name == "build create":
            self._intake.anywhere(request, name)
            return None
        if name.startswith("proposal "):
            return await self._voted(request, name, value)
        if name == "unsubscribe":
            return await self._ended(request, name, value)
        here = replace(request, thread=await self._places.direct(request.thread.team, request.user))
        return await self._intake.pressed_at(here, name, value)

    async def _voted(self, request: Request, name: str, proposal_id: str) -> Message | None:
        """A vote counts in the channel of the proposal, for those who can read what is voted on there."""
        item = await self._proposals.find(proposal_id)
        if item is None or not await self._places.reads(item.thread.channel, request.user):
            return render_note(_UNKNOWN)
        await self._intake.voted(replace(request, thread=item.thread), name, proposal_id)
        return None

    async def _ended(self, request: Request, name: str, subscription_id: str) -> Message | None:
        """A subscription is ended in its channel, by whoever made it."""
        async with self._store.read() as tx:
            subscription = await find_subscription(tx, subscription_id)
        if subscription is None or request.user not in (subscription.created_by, subscription.owner):
            return render_note(_UNKNOWN)
        there = replace(request, thread=Thread(subscription.team, subscription.channel))
        await self._intake.begin(
            there, name, {"pipeline": subscription.pipeline, "rule": subscription.id}, yes=True
        )
        return None
