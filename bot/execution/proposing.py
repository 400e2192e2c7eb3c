"""Turns protected operations into proposals that collect approvals."""

from __future__ import annotations

from bot.access.approvals.approvers import ApproverFinder
from bot.access.approvals.model import Proposal, require_whole_sha
from bot.access.approvals.proposals import Proposals
from bot.access.approvals.request_wording import describe_request
from bot.access.policy.declared_target import read_declared, read_target
from bot.access.policy.policy_wording import explain_protection
from bot.access.policy.rules import ApprovalRequirement
from bot.errors import Refused
from bot.execution.placement import Placement
from bot.execution.stages import Authorised
from bot.operations.operation import Args
from bot.runtime.json_types import JsonObject

_NO_APPROVER = "I know no approver whom I could ask. Request it in a channel with approvers that I'm in."


class Proposer:
    """Opens proposals: says in words what is to be run, and asks those who may approve it."""

    def __init__(self, proposals: Proposals, approvers: ApproverFinder, placement: Placement) -> None:
        self._proposals = proposals
        self._approvers = approvers
        self._placement = placement

    async def find(self, proposal_id: str) -> Proposal | None:
        """Return a proposal with its votes."""
        return await self._proposals.find(proposal_id)

    async def propose(
        self, authorised: Authorised, requirement: ApprovalRequirement, description: JsonObject
    ) -> None:
        """Turn the invocation into a proposal; `description` is for the audit. Raises UsageError or Refused."""
        invocation, op = authorised.invocation, authorised.op
        require_whole_sha(op.name, invocation.args)
        labels = await op.label_values(authorised.args, authorised.ctx) if op.label_values else {}
        audience = await self._approvers.find(requirement, read_target(authorised.args))
        place = await self._placement.choose(invocation, requirement, audience)
        if place is None:
            raise Refused(explain_protection(op, requirement), _NO_APPROVER, requirement.rule)
        proposal = Proposal(
            id=invocation.id,  # opening it twice makes only one
            operation=invocation.operation,
            args=invocation.args,
            digest=invocation.digest,
            requester=invocation.user,
            thread=invocation.thread,
            via=invocation.via,
            requirement=requirement,
            expires_at=self._proposals.now() + requirement.expires,
            direct=invocation.flags.direct,
            token=invocation.flags.token,
            card_channel=place.card_channel,
            sent_to=place.sent_to,
            wording=describe_request(op, invocation.args, labels),
            requester_name=authorised.actor.name,
            asked_of=audience.text,
            build=_name_build(authorised.args),
        )
        await self._proposals.open(proposal, invocation, description)


def _name_build(args: Args) -> str | None:
    """Return the build that the operation acts on, as `web#12`; None for one that doesn't exist yet."""
    declared = read_declared(args)
    number, pipeline = declared.get("build"), declared.get("pipeline")
    return f"{pipeline}#{number}" if number and pipeline else None
