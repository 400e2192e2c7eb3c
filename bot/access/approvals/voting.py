"""Judges approvals, refusals and withdrawals by the current policy and the exact proposal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from bot.access.approvals.model import Proposal, ProposalState, Vote, is_approved
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.render import describe_decision, name_requester
from bot.access.locks.rules import find_lock_refusal
from bot.access.locks.service import LockService
from bot.access.policy.decide import decide, judge_approval
from bot.access.policy.rules import Allow, ApprovalRequirement, Refuse, Rules
from bot.access.target import resolve_target
from bot.buildkite.client import Buildkite
from bot.errors import Conflict, NotFound, Refused
from bot.operations.registry import Registry
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn, md, mention
from bot.slack.people import PeopleDirectory
from bot.slack.types import Actor, Standing, Thread

# An open proposal that counts no votes any more has expired, and its card is about to say so.
_LATE_HINTS = dict.fromkeys(
    (ProposalState.OPEN, ProposalState.EXPIRED, ProposalState.REFUSED), "Ask again for a new approval."
)


class VoteContext(Protocol):
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
    """Counts votes; a loop starts the operation once it is approved.

    Rules are read anew for every vote, and once more before the operation runs: a policy that was tightened in the
    meantime must win over an approval given under the old one.
    """

    def __init__(
        self,
        proposals: Proposals,
        people: PeopleDirectory,
        rules: Callable[[], Rules],
        registry: Registry,
        command: str,
    ) -> None:
        self._proposals = proposals
        self._people = people
        self._rules = rules
        self._registry = registry
        self._command = command

    async def vote(self, ctx: VoteContext, proposal_id: str, *, approves: bool) -> Mrkdwn:
        """Count a vote. Raise NotFound, Conflict if the proposal is closed, or Refused if the vote isn't valid."""
        proposal = await self._require_open(ctx, proposal_id)
        await self._require_valid_vote(ctx, proposal, approves=approves)
        voted = await self._proposals.vote(proposal.id, Vote(ctx.actor.id, approves, ctx.actor.name))
        if voted is None:
            raise await self._refuse_late(proposal)
        return _describe_vote(voted)

    async def find_counted_vote(self, ctx: VoteContext, proposal_id: str, *, approves: bool) -> Mrkdwn | None:
        """Return the answer of `vote` if this vote was counted, else None. For recovery after a crash."""
        proposal = await self._proposals.find(proposal_id)
        counted = proposal is not None and Vote(ctx.actor.id, approves) in proposal.votes
        return _describe_vote(proposal) if proposal and counted else None

    async def find_withdrawal(self, ctx: VoteContext, proposal_id: str) -> Mrkdwn | None:
        """Return the answer of `withdraw` if this person withdrew it, else None. For recovery after a crash."""
        proposal = await self._proposals.find(proposal_id)
        done = (
            proposal is not None
            and proposal.state is ProposalState.WITHDRAWN
            and proposal.ended_by == ctx.actor.id
        )
        return _describe_withdrawal(proposal) if proposal and done else None

    async def withdraw(self, ctx: VoteContext, proposal_id: str) -> Mrkdwn:
        """Withdraw a proposal, which its requester and workspace admins may do; an admin's API token may not."""
        proposal = await self._require_open(ctx, proposal_id)
        may_withdraw_all = ctx.actor.standing is Standing.ADMIN and ctx.actor.limits is None
        if ctx.actor.id != proposal.requester and not may_withdraw_all:
            hint = md("Ask {who} to do it.", who=mention(proposal.requester))
            raise Refused(
                "Only the requester or a workspace admin can withdraw it.", hint, proposal.requirement.rule
            )
        if not await self._proposals.withdraw(proposal.id, ctx.actor.id):
            raise await self._refuse_late(proposal)
        return _describe_withdrawal(proposal)

    async def is_still_approved(
        self, buildkite: Buildkite, proposal_id: str, digest: str, requirement: ApprovalRequirement
    ) -> bool:
        """Return whether exactly this operation still has enough valid approvals; `buildkite` is the requester's.

        `digest` and `requirement` come from the invocation about to run: its arguments may have been resolved
        again, and its rule may by now ask for more approvals.
        """
        proposal = await self._proposals.find(proposal_id)
        if proposal is None:
            return False
        op, rules = self._registry[proposal.operation], self._rules()
        target = await resolve_target(validate(op, proposal.args, self._command), buildkite, rules, ())
        voters = {
            vote.user: await self._people.find_actor(vote.user, proposal.judged_in, "button")
            for vote in proposal.votes
        }

        def may_approve(user: str) -> bool:
            return isinstance(
                judge_approval(rules, requirement, voters[user], proposal.requester, op, target), Allow
            )

        return is_approved(proposal, digest, requirement.count, may_approve)

    async def _require_open(self, ctx: VoteContext, proposal_id: str) -> Proposal:
        proposal = await self._proposals.find(proposal_id)
        if proposal is None or not _has_card(proposal, ctx):
            raise NotFound("I can't find that proposal.", "Use the buttons on its card.")
        if proposal.state is not ProposalState.OPEN:
            raise await self._refuse_late(proposal)
        return proposal

    async def _refuse_late(self, proposal: Proposal) -> Conflict:
        """Return the refusal of a press on a proposal that was decided: who did that, and when."""
        newest = await self._proposals.find(proposal.id) or proposal
        return Conflict(describe_decision(newest), _LATE_HINTS.get(newest.state, ""))

    async def _require_valid_vote(self, ctx: VoteContext, proposal: Proposal, *, approves: bool) -> None:
        """Raise Refused if this person's vote doesn't count, or if the operation couldn't run although approved.

        A refusal is accepted even during a freeze or a lock, because stopping an operation is always safe. An
        approval isn't: people would believe that it runs.
        """
        op, rules, now = self._registry[proposal.operation], self._rules(), ctx.clock.now()
        args = validate(op, proposal.args, self._command)
        locks = (
            await ctx.locks.find_active(str(proposal.args["pipeline"])) if proposal.args.get("pipeline") else ()
        )
        target = await resolve_target(args, ctx.buildkite, rules, locks)
        requester = await self._people.find_actor(proposal.requester, proposal.thread, proposal.via)
        verdict = decide(rules, requester, op, target, now)
        lock = find_lock_refusal(op, target, locks, requester, now)
        requirement = verdict if isinstance(verdict, ApprovalRequirement) else proposal.requirement
        would_run = (verdict, lock) if approves else ()
        judged = (judge_approval(rules, requirement, ctx.actor, proposal.requester, op, target), *would_run)
        refused = next((verdict for verdict in judged if isinstance(verdict, Refuse)), None)
        if refused:
            raise refused.make_error()


def _has_card(proposal: Proposal, ctx: VoteContext) -> bool:
    """Return whether a card of the proposal is where the person votes."""
    channel = ctx.thread.channel
    copied = ctx.actor.id in proposal.sent_to and channel.startswith("D")
    return copied or channel in (proposal.place.channel, proposal.thread.channel)


def _describe_vote(proposal: Proposal) -> Mrkdwn:
    """Format the private answer to a counted vote."""
    who, act = name_requester(proposal), proposal.wording.act
    if any(not vote.approves for vote in proposal.votes):
        return md("Refused: {who}'s request to {act}.", who=who, act=act)
    if len(proposal.votes) < proposal.requirement.count:
        count = f"{len(proposal.votes)} of {proposal.requirement.count}"
        return md("Approved: {who}'s request to {act} has {count} approvals.", who=who, act=act, count=count)
    return md("Approved: {who}'s request to {act} goes ahead.", who=who, act=act)


def _describe_withdrawal(proposal: Proposal) -> Mrkdwn:
    return md("Withdrawn: {who}'s request to {act}.", who=name_requester(proposal), act=proposal.wording.act)
