"""Chooses where a request waits for approval, so that approvers see it."""

from __future__ import annotations

from typing import NamedTuple

from bot.access.approvals.approvers import Audience
from bot.access.channel_access import ChannelAccess
from bot.access.policy.rules import ApprovalRequirement
from bot.errors import Unavailable
from bot.notifications.direct.queries import find_call_recipients
from bot.operations.invocation import Invocation
from bot.slack.types import Thread
from bot.store.transactions import Store

# People who get a card by direct message; more would be a crowd of which one is needed.
MOST_RECIPIENTS = 20
# Members of a channel are read once a person, so only some approvers are looked for.
_MOST_LOOKUPS = 20


class WaitingPlace(NamedTuple):
    """The channel of a card that isn't posted where it was requested, and who gets one by direct message."""

    card_channel: str | None = None
    sent_to: tuple[str, ...] = ()


class Placement:
    """Leaves a request where it was made if an approver sees it there; otherwise takes it to approvers."""

    def __init__(self, store: Store, channel_access: ChannelAccess) -> None:
        self._store = store
        self._channel_access = channel_access

    async def choose(
        self, invocation: Invocation, requirement: ApprovalRequirement, audience: Audience
    ) -> WaitingPlace | None:
        """Return the place: the protection's channel, else direct messages; None if no approver can be reached.

        Raise Unavailable while direct messages can't be opened.
        """
        postable, team = await self._is_postable(invocation), invocation.thread.team
        if postable and await self._is_seen(invocation, audience):
            return WaitingPlace()
        if requirement.channel and await self._channel_access.can_post(Thread(team, requirement.channel)):
            return WaitingPlace(requirement.channel)
        others = await self._list_others(invocation, audience)
        if not others:
            return None
        own = None if postable else (await self._channel_access.open_direct_message(team, invocation.user)).channel
        return WaitingPlace(own, others[:MOST_RECIPIENTS])

    async def _is_postable(self, invocation: Invocation) -> bool:
        return not invocation.flags.direct and await self._channel_access.can_post(invocation.thread)

    async def _is_seen(self, invocation: Invocation, audience: Audience) -> bool:
        """Return whether an approver is in the channel, or may be as far as that can be known."""
        channel = invocation.thread.channel
        if channel.startswith("D"):
            return False
        others = [user for user in audience.users if user != invocation.user]
        if not audience.complete or not others or len(others) > _MOST_LOOKUPS:
            return True
        try:
            return any([await self._channel_access.is_joined(channel, user) for user in others])
        except Unavailable:
            return True

    async def _list_others(self, invocation: Invocation, audience: Audience) -> tuple[str, ...]:
        """Return the approvers whom the rule names; if it doesn't name all, also who opted in."""
        named = dict.fromkeys(audience.users)
        if not audience.complete:
            async with self._store.read() as tx:
                named |= dict.fromkeys(found.created_by for found in await find_call_recipients(tx))
        return tuple(user for user in named if user != invocation.user)
