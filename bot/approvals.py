"""Approve, Refuse and Withdraw: each press is judged again; the last approval that was missing starts the work."""

from __future__ import annotations

from datetime import datetime

from bot.clock import Clock
from bot.core import render_reply
from bot.core.blocks import Message
from bot.core.policy import Allow, Ask, Refuse, approve, decide
from bot.core.proposals import Proposal, State
from bot.core.render_proposal import APPROVE, WITHDRAW
from bot.core.validation import validate
from bot.errors import Refused
from bot.model import Actor, Standing, Thread
from bot.proposals import Proposals, invocation
from bot.runner import Runner, target
from bot.slack.people import People


class Approvals:
    """Votes are judged by the policy of now, on exactly what was proposed."""

    def __init__(self, proposals: Proposals, runner: Runner, people: People, clock: Clock) -> None:
        self._proposals = proposals
        self._runner = runner
        self._people = people
        self._clock = clock

    async def pressed(self, user: str, thread: Thread, action: str, proposal_id: str) -> Message | None:
        """What is said privately to the one who pressed; None where the card says it all."""
        one = await self._proposals.find(proposal_id)
        if one is None or one.thread.channel != thread.channel:
            return render_reply.note("I do not know this proposal any more.")
        if one.state is not State.OPEN:
            return render_reply.note(f"This was {_over(one.state)} already.")
        actor = await self._people.actor(user, thread, "button")
        if action == WITHDRAW:
            return await self._withdraw(one, actor)
        await self._judge(one, actor)
        voted = await self._proposals.vote(one.id, user, approves=action == APPROVE)
        if voted is None:
            return render_reply.note("That came too late: nobody approved it in time.")
        if voted.state is State.APPROVED:
            await self.begin(voted)
        return None

    async def tick(self) -> int:
        """Start what was approved and has not been begun: a crash may have come between."""
        approved = await self._proposals.approved()
        return sum([await self.begin(one) for one in approved])

    async def next_at(self) -> datetime | None:
        """It has nothing planned."""
        return None

    async def begin(self, one: Proposal) -> bool:
        """Run it: under the proposal's own key, so that it runs once. Says whether it was begun by this call."""
        asked = invocation(one)
        accepted = await self._runner.accept(asked)
        if accepted.id != asked.id:
            return False
        self._runner.start(asked, accepted)
        return True

    async def _withdraw(self, one: Proposal, actor: Actor) -> Message | None:
        if actor.id != one.requester and actor.standing is not Standing.ADMIN:
            return render_reply.note("Only the one who asked can withdraw it, or a workspace admin.")
        await self._proposals.withdraw(one.id, actor.id)
        return None

    async def _judge(self, one: Proposal, voter: Actor) -> None:
        """Raises Refused where the vote does not count."""
        shared = self._runner.shared
        op, now = shared.registry[one.operation], self._clock.now()
        aim = target(validate(op, one.args, shared.command))
        requester = await self._people.actor(one.requester, one.thread, one.via)
        verdict = decide(shared.rules(), requester, op, aim, now)
        if isinstance(verdict, Refuse):
            raise Refused(verdict.message, verdict.hint, verdict.rule)
        ask = verdict if isinstance(verdict, Ask) else one.ask
        counts = approve(shared.rules(), ask, voter, one.requester, op, aim)
        if not isinstance(counts, Allow):
            raise Refused(counts.message, counts.hint, counts.rule)


def _over(state: State) -> str:
    return {State.DONE: "approved and done", State.FAILED: "approved, and failed"}.get(state, state.value)
