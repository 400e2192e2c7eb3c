"""Tells those who asked for it, and may approve it, that a proposal waits: once each, when its card stands."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import timedelta

from bot.aim import located
from bot.buildkite.client import Buildkite
from bot.clock import Clock
from bot.core import notify
from bot.core.operation import Registry
from bot.core.policy import Allow, Rules, approve
from bot.core.proposals import Proposal, State
from bot.core.render_proposal import calling
from bot.core.subscription import Subscription
from bot.core.validation import validate
from bot.errors import Unavailable
from bot.model import Thread
from bot.proposals import Proposals
from bot.slack.api import SlackApi
from bot.slack.people import People
from bot.slack.problems import SlackProblem
from bot.store import cards, reminders
from bot.store import notify as rows
from bot.store.reminders import Due
from bot.store.store import Transactions, Tx

_CARD_SOON = timedelta(seconds=1)


class Callings:
    """`reads` says whether somebody reads a channel: nobody is called to a place that they cannot see."""

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        api: SlackApi,
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

    async def look(self, due: Due) -> bool:
        """Call whoever is to be called, or drop it when it is over; False while the card does not stand yet.

        Raises KitestringError while a vendor does not say who may approve.
        """
        one = await self._proposals.find(due.about)
        over = one is None or one.state is not State.OPEN or self._clock.now() >= one.expires_at
        if one is not None and not over and one.ts is None:
            async with self._store.write() as tx:
                await reminders.later(tx, due, self._clock.now() + _CARD_SOON)
            return False
        called = () if one is None or over else await self._called(one)
        url = await self._address(one) if one and called else ""
        async with self._store.write() as tx:
            if one and await reminders.done(tx, due):
                for each in called:
                    await self._tell(tx, each, one, url)
        return True

    async def _called(self, one: Proposal) -> tuple[Subscription, ...]:
        """Those who asked for it, but for the requester and those who have voted."""
        async with self._store.read() as tx:
            asked = await rows.called(tx)
        spoken = {one.requester, *(vote.user for vote in one.votes)}
        return tuple([each for each in asked if each.owner not in spoken and await self._counts(each, one)])

    async def _counts(self, each: Subscription, one: Proposal) -> bool:
        """Whether their approval would count by the policy of now, given where the buttons are."""
        op, rules = self._registry[one.operation], self._rules()
        actor = await self._people.actor(each.created_by, one.thread, "button")
        target = await located(validate(op, one.args), self._buildkite, rules, ())
        verdict = approve(rules, one.ask, actor, one.requester, op, target)
        return isinstance(verdict, Allow) and await self._reads(one.thread.channel, actor.id)

    async def _address(self, one: Proposal) -> str:
        try:
            return await self._api.permalink(one.thread.channel, one.ts or "")
        except SlackProblem as problem:
            raise Unavailable(
                "Slack does not say where the card is.", retry_after=problem.retry_after
            ) from problem

    async def _tell(self, tx: Tx, each: Subscription, one: Proposal, url: str) -> None:
        said = calling(one, url, notify.stopping(notify.APPROVALS, each.created_by))
        key = f"{rows.CALL}:{one.id}:{each.created_by}"
        where = Thread(each.team, each.channel)
        await cards.tell(tx, key, "answer", where, self._clock.now(), body=asdict(said), asked_by=each.created_by)
