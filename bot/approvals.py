"""Approve, refuse, withdraw: each word is judged by the policy of now, on exactly what was proposed."""

from __future__ import annotations

from collections.abc import Callable

from bot.aim import aim
from bot.context import Context
from bot.core.markup import Mrkdwn, md, mention
from bot.core.operation import Registry
from bot.core.policy import Allow, Ask, Refuse, Rules, approve, decide
from bot.core.proposals import Proposal, State
from bot.core.validation import validate
from bot.errors import Conflict, NotFound, Refused
from bot.model import Standing
from bot.proposals import Proposals
from bot.slack.people import People


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

    async def vote(self, ctx: Context, proposal_id: str, *, approves: bool) -> Mrkdwn:
        """Count somebody's word. Raises NotFound, Conflict (it is over) or Refused (it does not count)."""
        one = await self._open(ctx, proposal_id)
        await self._judge(ctx, one)
        voted = await self._proposals.vote(one.id, ctx.actor.id, approves=approves)
        if voted is None:
            raise Conflict("That came too late: it is over.", "Ask for it again.")
        if not approves:
            return md("Noted: `{name}` will not run.", name=one.operation)
        if voted.state is State.APPROVED:
            return md("Noted: `{name}` runs now.", name=one.operation)
        said = f"{len(voted.votes)} of {voted.ask.count}"
        return md("Noted: {said} approvals for `{name}`.", said=said, name=one.operation)

    async def withdraw(self, ctx: Context, proposal_id: str) -> Mrkdwn:
        """Take it back: the one who asked may, and workspace admins."""
        one = await self._open(ctx, proposal_id)
        if ctx.actor.id != one.requester and ctx.actor.standing is not Standing.ADMIN:
            ask = md("Ask {who} to do it.", who=mention(one.requester))
            raise Refused("Only the one who asked can withdraw it, or a workspace admin.", ask, one.ask.rule)
        if not await self._proposals.withdraw(one.id, ctx.actor.id):
            raise Conflict("That came too late: it is over.")
        return md("Withdrawn: `{name}` will not run.", name=one.operation)

    async def suffices(self, ctx: Context, one: Proposal, ask: Ask) -> bool:
        """Whether the approvals still count by the policy of now; `ctx` is the requester's."""
        op = self._registry[one.operation]
        target = await aim(validate(op, one.args, self._command), ctx, self._rules(), ())
        counted = 0
        for vote in one.votes:
            voter = await self._people.actor(vote.user, one.thread, "button")
            counts = approve(self._rules(), ask, voter, one.requester, op, target)
            counted += vote.approves and isinstance(counts, Allow)
        return counted >= ask.count

    async def _open(self, ctx: Context, proposal_id: str) -> Proposal:
        one = await self._proposals.find(proposal_id)
        if one is None or one.thread.channel != ctx.thread.channel:
            raise NotFound("I do not know that proposal.", "Press the buttons of its card.")
        if one.state is not State.OPEN:
            raise Conflict(f"This is {_over(one.state)} already.")
        return one

    async def _judge(self, ctx: Context, one: Proposal) -> None:
        op, rules = self._registry[one.operation], self._rules()
        target = await aim(validate(op, one.args, self._command), ctx, rules, ())
        requester = await self._people.actor(one.requester, one.thread, one.via)
        verdict = decide(rules, requester, op, target, ctx.clock.now())
        if isinstance(verdict, Refuse):
            raise Refused(verdict.message, verdict.hint, verdict.rule)
        ask = verdict if isinstance(verdict, Ask) else one.ask
        counts = approve(rules, ask, ctx.actor, one.requester, op, target)
        if isinstance(counts, Refuse):
            raise Refused(counts.message, counts.hint, counts.rule)


def _over(state: State) -> str:
    return {State.DONE: "approved and done", State.FAILED: "approved, and it failed"}.get(state, state.value)
