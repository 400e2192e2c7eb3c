"""Decides whose approval of a proposal would count."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.access.approvals.model import Proposal
from bot.access.policy.decide import judge_approval
from bot.access.policy.declared_target import read_target
from bot.access.policy.rules import Allow, Rules
from bot.access.target import resolve_target
from bot.buildkite.client import Buildkite
from bot.errors import UsageError
from bot.operations.registry import Registry
from bot.operations.validation import validate
from bot.slack.people import PeopleDirectory


@dataclass(frozen=True)
class ApproverCheck:
    """The current policy, judged from the channel of a proposal.

    `can_read` returns whether a person can read a channel. With `buildkite`, the branch of a build is read if a
    rule depends on it.
    """

    people: PeopleDirectory
    rules: Callable[[], Rules]
    registry: Registry
    can_read: Callable[[str, str], Awaitable[bool]]
    buildkite: Buildkite | None = None

    async def may_approve(self, user: str, proposal: Proposal, *, seen_only: bool = True) -> bool:
        """Return whether a person can approve a proposal: not their own, not voted on, with a card that they see.

        Without `seen_only` they needn't see it yet.

        Raise Unavailable while Slack or Buildkite doesn't answer.
        """
        if user == proposal.requester or any(vote.user == user for vote in proposal.votes):
            return False
        op, rules = self.registry[proposal.operation], self.rules()
        # Judged as in the proposal's channel, because grants may be limited to channels.
        actor = await self.people.find_actor(user, proposal.judged_in, "button")
        try:
            args = validate(op, proposal.args)
        except UsageError:
            return False
        target = await resolve_target(args, self.buildkite, rules, ()) if self.buildkite else read_target(args)
        verdict = judge_approval(rules, proposal.requirement, actor, proposal.requester, op, target)
        return isinstance(verdict, Allow) and (not seen_only or await self.can_see(user, proposal))

    async def can_see(self, user: str, proposal: Proposal) -> bool:
        """Return whether a person sees a card of the proposal. Raise Unavailable while Slack doesn't say."""
        return user in proposal.sent_to or await self.can_read(proposal.place.channel, user)
