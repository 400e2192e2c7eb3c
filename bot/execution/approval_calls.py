"""Messages approvers who opted in, once each, after a proposal's card has been posted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta

from bot.access.approvals.model import Proposal, ProposalState
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.render import VALUE_LIMIT
from bot.access.policy.decide import judge_approval
from bot.access.policy.rules import Allow, Rules
from bot.access.target import resolve_target
from bot.buildkite.client import Buildkite
from bot.errors import Unavailable
from bot.notifications.direct.model import APPROVALS, build_stop_button, make_stop_value
from bot.notifications.direct.queries import APPROVAL_CALL, find_call_recipients
from bot.notifications.reminders.queries import DueReminder, complete_reminder, postpone_reminder
from bot.notifications.subscriptions.model import Subscription
from bot.operations.operation import Registry
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message, actions, button, context, message, section, shorten
from bot.slack.blockkit.mrkdwn import code, local_time, md, mention
from bot.slack.people import PeopleDirectory
from bot.slack.queries import enqueue_message
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions, Tx

_CARD_RETRY_DELAY = timedelta(seconds=1)


class ApprovalCalls:
    """`can_read` returns whether a person can read a channel: only those who can see the card get a message."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackClient,
        buildkite: Buildkite,
        proposals: Proposals,
        people: PeopleDirectory,
        rules: Callable[[], Rules],
        registry: Registry,
        can_read: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._api = api
        self._buildkite = buildkite.for_background()
        self._proposals = proposals
        self._people = people
        self._rules = rules
        self._registry = registry
        self._can_read = can_read

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
        recipients = () if proposal is None or ended else await self._find_recipients(proposal)
        url = await self._find_card_url(proposal) if proposal and recipients else ""
        async with self._store.write() as tx:
            if proposal and await complete_reminder(tx, due):
                for subscription in recipients:
                    await self._enqueue(tx, subscription, proposal, url)
        return True

    async def _find_recipients(self, proposal: Proposal) -> tuple[Subscription, ...]:
        """Return the subscriptions of possible approvers, without the requester and people who have voted."""
        async with self._store.read() as tx:
            subscriptions = await find_call_recipients(tx)
        voters = {proposal.requester, *(vote.user for vote in proposal.votes)}
        return tuple(
            [
                subscription
                for subscription in subscriptions
                if subscription.owner not in voters and await self._may_approve(subscription, proposal)
            ]
        )

    async def _may_approve(self, subscription: Subscription, proposal: Proposal) -> bool:
        """Return whether the person's approval would count under the current policy, from the card's channel."""
        op, rules = self._registry[proposal.operation], self._rules()
        actor = await self._people.find_actor(subscription.created_by, proposal.thread, "button")
        target = await resolve_target(validate(op, proposal.args), self._buildkite, rules, ())
        verdict = judge_approval(rules, proposal.requirement, actor, proposal.requester, op, target)
        return isinstance(verdict, Allow) and await self._can_read(proposal.thread.channel, actor.id)

    async def _find_card_url(self, proposal: Proposal) -> str:
        try:
            return await self._api.find_permalink(proposal.thread.channel, proposal.ts or "")
        except SlackError as problem:
            raise Unavailable(
                "Slack didn't return the card's address.", retry_after=problem.retry_after
            ) from problem

    async def _enqueue(self, tx: Tx, subscription: Subscription, proposal: Proposal, url: str) -> None:
        text = render_approval_call(proposal, url, make_stop_value(APPROVALS, subscription.created_by))
        key = f"{APPROVAL_CALL}:{proposal.id}:{subscription.created_by}"
        where = Thread(subscription.team, subscription.channel)
        await enqueue_message(
            tx, key, "answer", where, self._clock.now(), body=asdict(text), requester=subscription.created_by
        )


def render_approval_call(proposal: Proposal, url: str, stop_button_value: str) -> Message:
    """Render the message to a possible approver: the request, and a link to the card with the buttons.

    `stop_button_value` is the value of the button that stops these messages.
    """
    place = f" on {proposal.args['pipeline']}" if proposal.args.get("pipeline") else ""
    text = md(
        "✋ {who} wants to run {name}{place}. It needs approval, and yours counts.",
        who=mention(proposal.requester),
        name=code(proposal.operation),
        place=shorten(place, VALUE_LIMIT),
    )
    until = md(
        "expires {at} (“{rule}”)",
        at=local_time(proposal.expires_at, "{date_short_pretty} at {time}"),
        rule=proposal.requirement.rule,
    )
    row = [
        button("Review", "open", url=url, accessibility_label=f"Review {proposal.operation}"),
        build_stop_button(stop_button_value),
    ]
    blocks = [
        section(text, block_id="calling"),
        context(until, block_id="until"),
        actions(row, block_id="called"),
    ]
    line = md(
        "✋ {who} wants to run {name}: your approval counts",
        who=mention(proposal.requester),
        name=proposal.operation,
    )
    return message(line, blocks)
