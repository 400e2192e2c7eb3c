"""Handles what people do on their home tab: open it and press its buttons."""

from __future__ import annotations

from dataclasses import replace

from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals
from bot.access.channel_access import ChannelAccess
from bot.execution.procedure import Procedure
from bot.home.model import PREFIX
from bot.home.publisher import HomeOpenings
from bot.listeners.dispatch import Dispatcher
from bot.listeners.payload_shapes import HomeOpenedEvent
from bot.notifications.subscriptions.queries import find_subscription
from bot.operations.invocation import Request
from bot.operations.render import render_note
from bot.operations.reply import Call
from bot.slack.blockkit.blocks import Message
from bot.slack.types import Thread
from bot.store.transactions import Store

_NO_LONGER_EXISTS = "That no longer exists. Your home will update in a moment."


class HomeTab:
    """Runs presses on the home tab as if they were typed in the person's direct messages with the bot."""

    def __init__(
        self,
        store: Store,
        openings: HomeOpenings,
        channel_access: ChannelAccess,
        proposals: Proposals,
        dispatcher: Dispatcher,
        procedure: Procedure,
    ) -> None:
        self._store = store
        self._openings = openings
        self._channel_access = channel_access
        self._proposals = proposals
        self._dispatcher = dispatcher
        self._procedure = procedure

    async def opened(self, team: str, event: HomeOpenedEvent) -> None:
        """Note that a person opened their home, so that it is updated. Raises Unavailable."""
        if event.tab in (None, "home"):
            await self._openings.mark_opened(team, event.user, empty=not event.view)

    async def pressed(self, request: Request, action: str, value: str) -> Message | None:
        """Run a button; returns an immediate answer or None. Raises Unavailable."""
        name = action.removeprefix(PREFIX)
        if name == "build create":
            self._dispatcher.open_form_anywhere(request, name)
            return None
        if name.startswith("proposal "):
            return await self._vote(request, name, value)
        if name == "unsubscribe":
            return await self._unsubscribe(request, name, value)
        direct_request = replace(
            request, thread=await self._channel_access.open_direct_message(request.thread.team, request.user)
        )
        if name == "api-token revoke":
            await self._procedure.receive(direct_request, Call(name, {"token": value}, confirmed=True))
            return None
        return await self._dispatcher.press_addressed_button(direct_request, name, value)

    async def _vote(self, request: Request, name: str, proposal_id: str) -> Message | None:
        """Count a vote in the proposal's channel, if the person can read that channel."""
        proposal = await self._proposals.find(proposal_id)
        if proposal is None or not await self._can_see(request.user, proposal):
            return render_note(_NO_LONGER_EXISTS)
        await self._dispatcher.vote(replace(request, thread=proposal.place), name, proposal_id)
        return None

    async def _can_see(self, user: str, proposal: Proposal) -> bool:
        return user in proposal.sent_to or await self._channel_access.can_read(proposal.place.channel, user)

    async def _unsubscribe(self, request: Request, name: str, subscription_id: str) -> Message | None:
        """End a subscription in its channel, if the person made it or owns it."""
        async with self._store.read() as tx:
            subscription = await find_subscription(tx, subscription_id)
        if subscription is None or request.user not in (subscription.created_by, subscription.owner):
            return render_note(_NO_LONGER_EXISTS)
        there = replace(request, thread=Thread(subscription.team, subscription.channel))
        args = {"pipeline": subscription.pipeline, "rule": subscription.id}
        await self._procedure.receive(there, Call(name, args, confirmed=True))
        return None
