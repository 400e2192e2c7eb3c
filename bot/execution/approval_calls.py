"""Tells those who asked for it, and may approve it, that a proposal waits: once each, when its card stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta

from bot.access.approvals.model import Proposal, State
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.render import VALUE_SHOWN
from bot.access.policy.decide import approve
from bot.access.policy.rules import Allow, Rules
from bot.access.target import resolve_target
from bot.buildkite.client import Buildkite
from bot.errors import Unavailable
from bot.notifications.direct.model import APPROVALS, stop_button, stop_value
from bot.notifications.direct.queries import APPROVAL_CALL, find_call_recipients
from bot.notifications.reminders.queries import DueReminder, complete_reminder, postpone_reminder
from bot.notifications.subscriptions.model import Subscription
from bot.operations.operation import Registry
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.slack.api_errors import SlackError
from bot.slack.blockkit.blocks import Message, actions, button, context, message, section, shorten
from bot.slack.blockkit.mrkdwn import code, md, mention, when
from bot.slack.people import People
from bot.slack.queries import enqueue_message
from bot.slack.types import Thread
from bot.slack.web_client import SlackClient
from bot.store.transactions import Transactions, Tx

_CARD_SOON = timedelta(seconds=1)


class ApprovalCalls:
    """`reads` says whether somebody reads a channel: nobody is called to a place that they cannot see."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackClient,
        buildkite: Buildkite,
        proposals: Proposals,
        people: People,
        rules: Callable[[], Rules],
        registry: Registry,
        reads: Callable[[str, str], Awaitable[bool]],
    ) -> None:
        self._store = store
        self._clock = clock
        self._api = api
        self._buildkite = buildkite.patient()
        self._proposals = proposals
        self._people = people
        self._rules = rules
        self._registry = registry
        self._reads = reads

    async def look(self, due: DueReminder) -> bool:
        """Call whoever is to be called, or drop it when it is over; False while the card does not stand yet.

        Raises KitestringError while a vendor does not say who may approve.
        """
        item = await self._proposals.find(due.about)
        over = item is None or item.state is not State.OPEN or self._clock.now() >= item.expires_at
        if item is not None and not over and item.ts is None:
            async with self._store.write() as tx:
                await postpone_reminder(tx, due, self._clock.now() + _CARD_SOON)
            return False
        called = () if item is None or over else await self._called(item)
        url = await self._address(item) if item and called else ""
        async with self._store.write() as tx:
            if item and await complete_reminder(tx, due):
                for each in called:
                    await self._tell(tx, each, item, url)
        return True

    async def _called(self, proposal: Proposal) -> tuple[Subscription, ...]:
        """Those who asked for it, but for the requester and those who have voted."""
        async with self._store.read() as tx:
            asked = await find_call_recipients(tx)
        spoken = {proposal.requester, *(vote.user for vote in proposal.votes)}
        return tuple([each for each in asked if each.owner not in spoken and await self._counts(each, proposal)])

    async def _counts(self, each: Subscription, proposal: Proposal) -> bool:
        """Whether their approval would count by the policy of now, given where the buttons are."""
        op, rules = self._registry[proposal.operation], self._rules()
        actor = await self._people.actor(each.created_by, proposal.thread, "button")
        target = await resolve_target(validate(op, proposal.args), self._buildkite, rules, ())
        verdict = approve(rules, proposal.ask, actor, proposal.requester, op, target)
        return isinstance(verdict, Allow) and await self._reads(proposal.thread.channel, actor.id)

    async def _address(self, proposal: Proposal) -> str:
        try:
            return await self._api.permalink(proposal.thread.channel, proposal.ts or "")
        except SlackError as problem:
            raise Unavailable(
                "Slack does not say where the card is.", retry_after=problem.retry_after
            ) from problem

    async def _tell(self, tx: Tx, each: Subscription, proposal: Proposal, url: str) -> None:
        said = render_approval_call(proposal, url, stop_value(APPROVALS, each.created_by))
        key = f"{APPROVAL_CALL}:{proposal.id}:{each.created_by}"
        where = Thread(each.team, each.channel)
        await enqueue_message(
            tx, key, "answer", where, self._clock.now(), body=asdict(said), asked_by=each.created_by
        )


def render_approval_call(proposal: Proposal, url: str, stop: str) -> Message:
    """For somebody whose approval counts: what waits, and the way to its card, where the buttons are.

    `stop` is the value of the button that ends such messages.
    """
    place = f" on {proposal.args['pipeline']}" if proposal.args.get("pipeline") else ""
    said = md(
        "✋ {who} asks for {name}{place}: it waits for approval, and yours counts.",
        who=mention(proposal.requester),
        name=code(proposal.operation),
        place=shorten(place, VALUE_SHOWN),
    )
    until = md(
        "expires {at} (“{rule}”)",
        at=when(proposal.expires_at, "{date_short_pretty} at {time}"),
        rule=proposal.ask.rule,
    )
    row = [button("Look at it", "open", url=url, reads=f"Look at {proposal.operation}"), stop_button(stop)]
    blocks = [
        section(said, block_id="calling"),
        context(until, block_id="until"),
        actions(row, block_id="called"),
    ]
    line = md(
        "✋ {who} asks for {name}: your approval counts", who=mention(proposal.requester), name=proposal.operation
    )
    return message(line, blocks)
