"""Approve, refuse, withdraw: each word is judged by the policy of now, on exactly what was proposed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.access.approvals.model import Proposal, State, Vote, agreed
from bot.access.approvals.proposals import Proposals
from bot.access.locks.rules import locked
from bot.access.locks.service import LockService
from bot.access.policy.decide import approve, decide
from bot.access.policy.rules import Allow, Ask, Refuse, Rules
from bot.access.target import resolve_target
from bot.buildkite.client import Buildkite
from bot.errors import Conflict, NotFound, Refused
from bot.operations.operation import Registry
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn, md, mention
from bot.slack.people import People
from bot.slack.types import Actor, Standing, Thread


class Voting(Protocol):
    """The part of an operation's context that a vote needs."""

    @property
    def actor(self) -> Actor: ...
    @property
    def thread(self) -> Thread: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def locks(self) -> LockService: ...
    @property
    def buildkite(self) -> Buildkite: ...


class Approvals:
    """Counts votes; what is approved is begun by whoever is woken."""

    def __init__(
        self, proposals: Proposals, people: People, rules: Callable[[], Rules], registry: Registry, command: str
    ) -> None:
        self._proposals = proposals
        self._people = people
        self._rules = rules
        self._registry = registry
        self._command = command

    async def vote(self, ctx: Voting, proposal_id: str, *, approves: bool) -> Mrkdwn:
        """Count somebody's word. Raises NotFound, Conflict (it is over) or Refused (it does not count)."""
        item = await self._open(ctx, proposal_id)
        await self._judge(ctx, item, approves=approves)
        voted = await self._proposals.vote(item.id, ctx.actor.id, approves=approves)
        if voted is None:
            raise Conflict("That came too late: it is over.", "Ask for it again.")
        return _noted(voted)

    async def noted(self, ctx: Voting, proposal_id: str, *, approves: bool) -> Mrkdwn | None:
        """What `vote` answered, if that word of this person was counted: after a crash."""
        item = await self._proposals.find(proposal_id)
        counted = item is not None and Vote(ctx.actor.id, approves) in item.votes
        return _noted(item) if item and counted else None

    async def withdrawn(self, ctx: Voting, proposal_id: str) -> Mrkdwn | None:
        """What `withdraw` answered, if this person has withdrawn it: after a crash."""
        item = await self._proposals.find(proposal_id)
        done = item is not None and item.state is State.WITHDRAWN and item.ended_by == ctx.actor.id
        return _taken_back(item) if item and done else None

    async def withdraw(self, ctx: Voting, proposal_id: str) -> Mrkdwn:
        """Take it back: the one who asked may, and workspace admins."""
        item = await self._open(ctx, proposal_id)
        if ctx.actor.id != item.requester and ctx.actor.standing is not Standing.ADMIN:
            ask = md("Ask {who} to do it.", who=mention(item.requester))
            raise Refused("Only the one who asked can withdraw it, or a workspace admin.", ask, item.ask.rule)
        if not await self._proposals.withdraw(item.id, ctx.actor.id):
            raise Conflict("That came too late: it is over.")
        return _taken_back(item)

    async def suffices(self, ctx: Voting, proposal_id: str, digest: str, ask: Ask) -> bool:
        """Whether exactly this was approved, and still is by the policy of now; `ctx` is the requester's."""
        item = await self._proposals.find(proposal_id)
        if item is None:
            return False
        op, rules = self._registry[item.operation], self._rules()
        target = await resolve_target(validate(op, item.args, self._command), ctx.buildkite, rules, ())
        voters = {vote.user: await self._people.actor(vote.user, item.thread, "button") for vote in item.votes}

        def counts(user: str) -> bool:
            return isinstance(approve(rules, ask, voters[user], item.requester, op, target), Allow)

        return agreed(item, digest, ask.count, counts)

    async def _open(self, ctx: Voting, proposal_id: str) -> Proposal:
        item = await self._proposals.find(proposal_id)
        if item is None or item.thread.channel != ctx.thread.channel:
            raise NotFound("I do not know that proposal.", "Press the buttons of its card.")
        if item.state is not State.OPEN:
            raise Conflict(f"This is {_over(item.state)} already.")
        return item

    async def _judge(self, ctx: Voting, proposal: Proposal, *, approves: bool) -> None:
        """Raises Refused where this person's word does not count, and where an approval could not run now."""
        op, rules, now = self._registry[proposal.operation], self._rules(), ctx.clock.now()
        args = validate(op, proposal.args, self._command)
        held = await ctx.locks.live(str(proposal.args["pipeline"])) if proposal.args.get("pipeline") else ()
        target = await resolve_target(args, ctx.buildkite, rules, held)
        requester = await self._people.actor(proposal.requester, proposal.thread, proposal.via)
        verdict = decide(rules, requester, op, target, now)
        lock = locked(op, target, held, requester, now)
        ask = verdict if isinstance(verdict, Ask) else proposal.ask
        runs = (verdict, lock) if approves else ()
        found = (approve(rules, ask, ctx.actor, proposal.requester, op, target), *runs)
        refused = next((each for each in found if isinstance(each, Refuse)), None)
        if refused:
            raise Refused(refused.message, refused.hint, refused.rule)


def _noted(proposal: Proposal) -> Mrkdwn:
    """What somebody is told whose word was counted."""
    if any(not vote.approves for vote in proposal.votes):
        return md("Noted: `{name}` will not run.", name=proposal.operation)
    if len(proposal.votes) < proposal.ask.count:
        said = f"{len(proposal.votes)} of {proposal.ask.count}"
        return md("Noted: {said} approvals for `{name}`.", said=said, name=proposal.operation)
    return md("Noted: `{name}` runs now.", name=proposal.operation)


def _taken_back(proposal: Proposal) -> Mrkdwn:
    return md("Withdrawn: `{name}` will not run.", name=proposal.operation)


def _over(state: State) -> str:
    return {State.DONE: "approved and done", State.FAILED: "approved, and it failed"}.get(state, state.value)
