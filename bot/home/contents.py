"""Gathers what is somebody's, as far as they may see it: builds, approvals, subscriptions, their account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bot.access.accounts.model import Account
from bot.access.accounts.service import Accounts
from bot.access.approvals.model import Proposal
from bot.access.approvals.proposals import Proposals
from bot.access.channel_access import ChannelAccess
from bot.access.policy.decide import approve, decide
from bot.access.policy.rules import Allow, Refuse, Rules, Target
from bot.access.target import read_target
from bot.errors import KitestringError
from bot.history.model import Run
from bot.history.queries import find_runs_asked_by, find_runs_of_person
from bot.home.model import WEEK, Home, is_mine, select_blocked, select_failed, select_running
from bot.notifications.subscriptions.globs import literal
from bot.notifications.subscriptions.model import Subscription
from bot.notifications.subscriptions.queries import find_subscriptions_made_by
from bot.operations.operation import Registry
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.slack.people import People
from bot.slack.types import Actor
from bot.store.transactions import Transactions

READS = "build view"


class HomeContents:
    """Everything is judged by the policy of now, as asked from nowhere in particular.

    `owners` gives Slack user ids by e-mail address, for people who have others than Slack shows.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        people: People,
        places: ChannelAccess,
        rules: Callable[[], Rules],
        registry: Registry,
        accounts: Accounts,
        proposals: Proposals,
        owners: Callable[[], Mapping[str, str]],
        command: str,
    ) -> None:
        self._store = store
        self._clock = clock
        self._people = people
        self._places = places
        self._rules = rules
        self._registry = registry
        self._accounts = accounts
        self._proposals = proposals
        self._owners = owners
        self._command = command

    async def of(self, actor: Actor) -> Home:
        """What is this person's. Raises Unavailable while Slack does not say who is in a channel."""
        now = self._clock.now()
        account = await self._accounts.find(actor.team, actor.id)
        emails = self._addresses(actor, account)
        async with self._store.read() as tx:
            asked = await find_runs_asked_by(tx, actor.id, now - WEEK)
            found = [*await find_runs_of_person(tx, sorted(emails), now - WEEK), *asked]
            subscribed = await find_subscriptions_made_by(tx, actor.team, actor.id)
        runs = self._readable(actor, _mine(found, emails, {run.id for run in asked}))
        return Home(
            running=select_running(runs, now),
            blocked=select_blocked(runs),
            failed=select_failed(runs, now),
            proposals=await self._approvable(actor),
            subscriptions=tuple(item for item in subscribed if self._named(actor, item)),
            account=account,
            known=bool(emails),
        )

    def _addresses(self, actor: Actor, account: Account | None) -> set[str]:
        """Slack's, Buildkite's, and those that the file of subscriptions says are theirs too."""
        told = (actor.email, account.email if account else None)
        said = {address for address, user in self._owners().items() if user == actor.id}
        return {item.strip().lower() for item in told if item} | said

    def _readable(self, actor: Actor, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if self._may_read(actor, Target(run.pipeline, run.branch or None))]

    def _named(self, actor: Actor, subscription: Subscription) -> bool:
        """A pattern names no pipeline."""
        return not literal(subscription.pipeline) or self._may_read(
            actor, Target(subscription.pipeline, subscription.branch)
        )

    def _may_read(self, actor: Actor, target: Target) -> bool:
        verdict = decide(self._rules(), actor, self._registry[READS], target, self._clock.now())
        return isinstance(verdict, Allow)

    async def _approvable(self, actor: Actor) -> tuple[Proposal, ...]:
        return tuple([item for item in await self._proposals.open() if await self._may_approve(actor, item)])

    async def _may_approve(self, actor: Actor, proposal: Proposal) -> bool:
        """Somebody else's, not voted on yet, in a channel that this person reads."""
        if actor.id == proposal.requester or any(vote.user == actor.id for vote in proposal.votes):
            return False
        there = await self._people.actor(actor.id, proposal.thread, "button")
        op = self._registry[proposal.operation]
        try:
            target = read_target(validate(op, proposal.args, self._command))
        except KitestringError:
            return False
        verdict = approve(self._rules(), proposal.ask, there, proposal.requester, op, target)
        return not isinstance(verdict, Refuse) and await self._places.reads(proposal.thread.channel, actor.id)


def _mine(found: Iterable[Run], emails: set[str], asked: set[str]) -> list[Run]:
    """Each once."""
    return list({run.id: run for run in found if is_mine(run, emails, asked)}.values())
