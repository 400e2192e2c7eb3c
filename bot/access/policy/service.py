"""Judges what people may do, by the current policy and the locks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.access.locks.rules import Lock, find_lock_refusal
from bot.access.locks.service import LockService
from bot.access.policy.decide import decide, explain, find_blanket_refusal, holds_permission
from bot.access.policy.declared_target import read_target
from bot.access.policy.name_filter import make_name_filter
from bot.access.policy.policy_wording import explain_protection
from bot.access.policy.rules import Allow, ApprovalRequirement, Refuse, Rules, Target, Verdict
from bot.access.target import resolve_target
from bot.buildkite.client import Buildkite
from bot.buildkite.naming import MayName
from bot.errors import Refused
from bot.operations.operation import Args, Operation, Permission
from bot.operations.registry import Registry
from bot.runtime.clock import Clock
from bot.slack.blockkit.mrkdwn import Mrkdwn
from bot.slack.types import Actor


class PolicyService:
    """Applies the rules as they are at this moment, and the locks."""

    def __init__(
        self, get_rules: Callable[[], Rules], registry: Registry, locks: LockService, clock: Clock
    ) -> None:
        self._get_rules = get_rules
        self._registry = registry
        self._locks = locks
        self._clock = clock

    def find_blanket_refusal(self, actor: Actor, op: Operation, *, anywhere: bool = False) -> Refuse | None:
        """Return the refusal if the person may not run the operation on anything.

        `anywhere`: the channel is still to be chosen.
        """
        return find_blanket_refusal(self._get_rules(), actor, op, anywhere=anywhere)

    def make_name_filter(self, actor: Actor, *, anywhere: bool = False) -> MayName:
        """Return the function that says which names the person may be shown; see `find_blanket_refusal`."""
        return make_name_filter(self._get_rules(), actor, anywhere=anywhere)

    def holds(self, actor: Actor, permission: Permission) -> bool:
        """Return whether the person has a permission on something."""
        return holds_permission(self._get_rules(), actor, permission)

    def is_allowed(self, actor: Actor, name: str) -> bool:
        """Return whether the person may run the operation of that name on something."""
        return self.find_blanket_refusal(actor, self._registry[name]) is None

    def list_allowed(self, actor: Actor) -> tuple[str, ...]:
        """Return the names of the operations that the person may run on something."""
        return tuple(op.name for op in self._registry if self.find_blanket_refusal(actor, op) is None)

    def find_refusal(self, actor: Actor, name: str, pipeline: str) -> Refuse | None:
        """Return the refusal if the person may not run the operation on that pipeline.

        For operations that filter pipelines, too: this is how they filter.
        """
        op = replace(self._registry[name], filters_pipelines=False)
        verdict = decide(self._get_rules(), actor, op, Target(pipeline), self._clock.now())
        return verdict if isinstance(verdict, Refuse) else None

    def require_pipeline(self, actor: Actor, name: str, pipeline: str) -> None:
        """Raise Refused if the person may not run the operation on that pipeline."""
        refusal = self.find_refusal(actor, name, pipeline)
        if refusal:
            raise refusal.make_error()

    async def require(self, actor: Actor, name: str, target: Target) -> None:
        """Raise Refused unless policy and locks let the person run the operation without approvals."""
        op = self._registry[name]
        verdict = await self.judge(actor, op, target)
        if isinstance(verdict, ApprovalRequirement):
            raise Refused(explain_protection(op, verdict), "Request it with the button.", verdict.rule)

    async def judge(self, actor: Actor, op: Operation, target: Target) -> Allow | ApprovalRequirement:
        """Return the verdict of policy and locks on a target. Raises Refused."""
        return self._judge(actor, op, target, await self._find_locks(target.pipeline))

    async def judge_arguments(
        self, actor: Actor, op: Operation, args: Args, buildkite: Buildkite
    ) -> Allow | ApprovalRequirement:
        """Return the verdict of policy and locks on pinned arguments. Raises Refused."""
        target, held = await self._resolve(args, buildkite)
        return self._judge(actor, op, target, held)

    async def explain(
        self, actor: Actor, op: Operation, args: Args, buildkite: Buildkite
    ) -> tuple[Verdict, Mrkdwn, Refuse | None]:
        """Return the policy's verdict on pinned arguments, the same in words, and the refusal by a lock.

        A lock names its holder and reason, which those whom the policy refuses never see.
        """
        target, held = await self._resolve(args, buildkite)
        now = self._clock.now()
        verdict = decide(self._get_rules(), actor, op, target, now)
        lock = None if isinstance(verdict, Refuse) else find_lock_refusal(op, target, held, actor, now)
        return verdict, explain(verdict, op, target), lock

    def _judge(
        self, actor: Actor, op: Operation, target: Target, held: tuple[Lock, ...]
    ) -> Allow | ApprovalRequirement:
        now = self._clock.now()
        verdict = decide(self._get_rules(), actor, op, target, now)
        if isinstance(verdict, Refuse):
            raise verdict.make_error()
        if lock := find_lock_refusal(op, target, held, actor, now):
            raise lock.make_error()
        return verdict

    async def _resolve(self, args: Args, buildkite: Buildkite) -> tuple[Target, tuple[Lock, ...]]:
        held = await self._find_locks(read_target(args).pipeline)
        return await resolve_target(args, buildkite, self._get_rules(), held), held

    async def _find_locks(self, pipeline: str | None) -> tuple[Lock, ...]:
        return await self._locks.find_active(pipeline) if pipeline else ()
