"""Checks permissions, channels, read-only mode, the policy, locks and approvals before an operation runs."""

from __future__ import annotations

from bot.access.approvals.voting import Approvals
from bot.access.channel_access import ChannelAccess
from bot.access.policy.rules import Allow, ApprovalRequirement
from bot.access.policy.service import PolicyService
from bot.buildkite.client import Buildkite
from bot.errors import Refused
from bot.execution.bot_status import StatusService
from bot.operations.invocation import Invocation
from bot.operations.operation import Args, Effect, Operation
from bot.slack.types import Actor, Thread


class PolicyGate:
    """Every check that can refuse an invocation; each raises Refused."""

    def __init__(
        self,
        policy: PolicyService,
        approvals: Approvals,
        status: StatusService,
        channel_access: ChannelAccess,
        command: str,
    ) -> None:
        self._policy = policy
        self._approvals = approvals
        self._status = status
        self._channel_access = channel_access
        self._command = command

    def check_permission(self, actor: Actor, op: Operation, *, anywhere: bool = False) -> None:
        """Raise Refused if the person may not run the operation on anything.

        Call this before looking anything up, so that refused people learn nothing from errors. `anywhere`: the
        channel is still to be chosen.
        """
        if refused := self._policy.find_blanket_refusal(actor, op, anywhere=anywhere):
            raise refused.make_error()

    async def check_channel(self, thread: Thread) -> None:
        """Raise Refused in a channel that is shared with another organization and not allowed by the policy."""
        if thread.channel:  # a program may come from nowhere
            await self._channel_access.require_unrestricted(thread.channel)

    async def check_writable(self, op: Operation) -> None:
        """Raise Refused in read-only mode if the operation changes something in Buildkite."""
        by = await self._status.find_readonly_by() if op.effect is Effect.CHANGES_BUILDKITE else None
        if by:
            hint = f"An admin can turn that off: `{self._command} readonly off`."
            raise Refused(
                f"{by} has turned on read-only mode: nothing in Buildkite can be changed.", hint, "readonly"
            )

    async def apply_policy(
        self, op: Operation, args: Args, actor: Actor, buildkite: Buildkite
    ) -> Allow | ApprovalRequirement:
        """Apply the policy and locks to pinned arguments as of now. Raises Refused."""
        return await self._policy.judge_arguments(actor, op, args, buildkite)

    async def has_approvals(
        self, invocation: Invocation, requirement: ApprovalRequirement, buildkite: Buildkite
    ) -> bool:
        """Return whether this is an approved proposal. Raises Refused if its approvals no longer suffice."""
        if not invocation.flags.proposal:
            return False
        if not await self._approvals.is_still_approved(
            buildkite, invocation.flags.proposal, invocation.digest, requirement
        ):
            raise Refused("It no longer has enough approvals.", "Request it again.", requirement.rule)
        return True
