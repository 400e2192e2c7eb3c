"""Gathers what is somebody's, as far as they may see it: builds, approvals, subscriptions, their account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from bot.accounts import Accounts
from bot.aim import plain
from bot.clock import Clock
from bot.core import home
from bot.core.account import Account
from bot.core.globs import literal
from bot.core.history import Run
from bot.core.home import Home
from bot.core.operation import Registry
from bot.core.policy import Allow, Refuse, Rules, Target, approve, decide
from bot.core.proposals import Proposal
from bot.core.subscription import Subscription
from bot.core.validation import validate
from bot.errors import KitestringError
from bot.model import Actor
from bot.places import Places
from bot.proposals import Proposals
from bot.slack.people import People
from bot.store import history, subscriptions
from bot.store.store import Transactions

READS = "build view"


class Belongings:
    """Everything is judged by the policy of now, as asked from nowhere in particular.

    `owners` gives Slack user ids by e-mail address, for people who have others than Slack shows.
    """

    def __init__(
        self,
        store: Transactions,
        clock: Clock,
        people: People,
        places: Places,
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
            asked = await history.asked_by(tx, actor.id, now - home.WEEK)
            found = [*await history.of_person(tx, sorted(emails), now - home.WEEK), *asked]
            subscribed = await subscriptions.of_maker(tx, actor.team, actor.id)
        runs = self._readable(actor, _mine(found, emails, {run.id for run in asked}))
        return Home(
            running=home.running(runs, now),
            blocked=home.blocked(runs),
            failed=home.failed(runs, now),
            proposals=await self._approvable(actor),
            subscriptions=tuple(one for one in subscribed if self._named(actor, one)),
            account=account,
            known=bool(emails),
        )

    def _addresses(self, actor: Actor, account: Account | None) -> set[str]:
        """Slack's, Buildkite's, and those that the file of subscriptions says are theirs too."""
        told = (actor.email, account.email if account else None)
        said = {address for address, user in self._owners().items() if user == actor.id}
        return {one.strip().lower() for one in told if one} | said

    def _readable(self, actor: Actor, runs: Iterable[Run]) -> list[Run]:
        return [run for run in runs if self._may_read(actor, Target(run.pipeline, run.branch or None))]

    def _named(self, actor: Actor, one: Subscription) -> bool:
        """A pattern names no pipeline."""
        return not literal(one.pipeline) or self._may_read(actor, Target(one.pipeline, one.branch))

    def _may_read(self, actor: Actor, target: Target) -> bool:
        verdict = decide(self._rules(), actor, self._registry[READS], target, self._clock.now())
        return isinstance(verdict, Allow)

    async def _approvable(self, actor: Actor) -> tuple[Proposal, ...]:
        return tuple([one for one in await self._proposals.open() if await self._may_approve(actor, one)])

    async def _may_approve(self, actor: Actor, one: Proposal) -> bool:
        """Somebody else's, not voted on yet, in a channel that this person reads."""
        if actor.id == one.requester or any(vote.user == actor.id for vote in one.votes):
            return False
        there = await self._people.actor(actor.id, one.thread, "button")
        op = self._registry[one.operation]
        try:
            target = plain(validate(op, one.args, self._command))
        except KitestringError:
            return False
        verdict = approve(self._rules(), one.ask, there, one.requester, op, target)
        return not isinstance(verdict, Refuse) and await self._places.reads(one.thread.channel, actor.id)


def _mine(found: Iterable[Run], emails: set[str], asked: set[str]) -> list[Run]:
    """Each once."""
    return list({run.id: run for run in found if home.mine(run, emails, asked)}.values())
