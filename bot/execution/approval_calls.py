"""Messages approvers who opted in, once each, after a proposal's card has been posted."""

from __future__ import annotations

from datetime import timedelta

from bot.access.approvals.approver_check import ApproverCheck
from bot.access.approvals.model import Proposal, ProposalState
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.queries import add_copies
from bot.access.approvals.render import render_request
from bot.errors import Unavailable
from bot.notifications.direct.model import APPROVALS, build_stop_button, make_stop_value
from bot.notifications.direct.queries import APPROVAL_CALL, find_call_recipients
from bot.notifications.reminders.queries import DueReminder, complete_reminder, postpone_reminder
from bot.notifications.subscriptions.model import Subscription
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message, actions, button, context, message, section
from bot.slack.blockkit.mrkdwn import local_time, md, strip_markup
from bot.slack.queries import enqueue_message
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions, Tx

_CARD_RETRY_DELAY = timedelta(seconds=1)


class ApprovalCalls:
    """Queues the messages; only people who can see the card get one."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackClient,
        proposals: Proposals,
        approvers: ApproverCheck,
    ) -> None:
        self._store = store
        self._clock = clock
        self._api = api
        self._proposals = proposals
        self._approvers = approvers

    async def send(self, due: DueReminder) -> bool:
        """Queue the messages for a proposal, or none if it has ended; False while its card isn't posted yet.

        Raises KitestringError while Slack or Buildkite can't be asked who may approve.
        """
        proposal = await self._proposals.find(due.about)
        ended = (
            proposal is None
            or proposal.state is not ProposalState.OPEN
            or self._clock.now() >= proposal.expires_at
        )
        if proposal is not None and not ended and proposal.ts is None:
            async with self._store.write() as tx:
                await postpone_reminder(tx, due, self._clock.now() + _CARD_RETRY_DELAY)
            return False
        able = () if proposal is None or ended else await self._find_recipients(proposal)
        recipients = tuple([found for found in able if proposal and await self._can_read_card(found, proposal)])
        url = await self._find_card_url(proposal) if proposal and recipients else ""
        async with self._store.write() as tx:
            if proposal and await complete_reminder(tx, due):
                unable = [found.created_by for found in able if found not in recipients]
                await add_copies(tx, proposal, unable, self._clock.now())
                for subscription in recipients:
                    await self._enqueue(tx, subscription, proposal, url)
        return True

    async def _find_recipients(self, proposal: Proposal) -> tuple[Subscription, ...]:
        """Return the subscriptions of possible approvers, without the requester and people who have voted."""
        async with self._store.read() as tx:
            subscriptions = await find_call_recipients(tx)
        return tuple(
            [
                subscription
                for subscription in subscriptions
                if subscription.created_by not in proposal.sent_to
                and await self._approvers.may_approve(subscription.created_by, proposal, seen_only=False)
            ]
        )

    async def _can_read_card(self, subscription: Subscription, proposal: Proposal) -> bool:
        """Return whether a link to the card helps; otherwise the person gets a card of their own."""
        return await self._approvers.can_see(subscription.created_by, proposal)

    async def _find_card_url(self, proposal: Proposal) -> str:
        try:
            return await self._api.find_permalink(proposal.place.channel, proposal.ts or "")
        except SlackError as problem:
            raise Unavailable(
                "Slack didn't return the card's address.", retry_after=problem.retry_after
            ) from problem

    async def _enqueue(self, tx: Tx, subscription: Subscription, proposal: Proposal, url: str) -> None:
        text = render_approval_call(proposal, url, make_stop_value(APPROVALS, subscription.created_by))
        key = f"{APPROVAL_CALL}:{proposal.id}:{subscription.created_by}"
        where = Thread(subscription.team, subscription.channel)
        await enqueue_message(tx, key, where, text, self._clock.now(), subscription.created_by)


def render_approval_call(proposal: Proposal, url: str, stop_button_value: str) -> Message:
    """Render the message to a possible approver: the request, and a link to the card with the buttons.

    `stop_button_value` is the value of the button that stops these messages.
    """
    request = render_request(proposal)
    text = md("✋ {request}. It needs approval, and yours counts.", request=request)
    until = md(
        "expires {at} · “{rule}”",
        at=local_time(proposal.expires_at, "{date_short_pretty} at {time}"),
        rule=proposal.requirement.rule,
    )
    row = [
        button("Review", "open", url=url, accessibility_label=f"Review: {strip_markup(proposal.wording.act)}"),
        build_stop_button(stop_button_value),
    ]
    blocks = [
        section(text, block_id="calling"),
        context(until, block_id="until"),
        actions(row, block_id="called"),
    ]
    return message(md("✋ {request}. Your approval counts", request=request), blocks)
