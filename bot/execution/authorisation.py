"""Authorises invocations: finds the person, makes the arguments exact, and applies the policy to them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.access.accounts.service import Accounts, BuildkiteAccess
from bot.access.policy.rules import ApprovalRequirement
from bot.errors import UsageError
from bot.execution.actors import Actors
from bot.execution.context_factory import Contexts
from bot.execution.default_pipeline import DefaultPipelines
from bot.execution.policy_gate import PolicyGate
from bot.execution.stages import Authorised, stopping
from bot.operations.invocation import Invocation, Request
from bot.operations.operation import Args, Operation
from bot.operations.registry import Registry
from bot.operations.validation import validate
from bot.runtime.clock import Clock
from bot.runtime.json_types import JsonObject
from bot.slack.types import Actor, Standing


@dataclass(frozen=True)
class Resolved:
    """Arguments made exact and allowed by the policy, and the context to use them with."""

    args: Args
    ctx: object
    requirement: ApprovalRequirement | None
    rule: str | None


class Authoriser:
    """Authorises invocations, and admits to forms only those who may send them; each method raises Refused."""

    def __init__(
        self,
        registry: Registry,
        command: str,
        actors: Actors,
        accounts: Accounts,
        default_pipelines: DefaultPipelines,
        gate: PolicyGate,
        contexts: Contexts,
        clock: Clock,
    ) -> None:
        self._registry = registry
        self._command = command
        self._actors = actors
        self._accounts = accounts
        self._default_pipelines = default_pipelines
        self._gate = gate
        self._contexts = contexts
        self._clock = clock

    async def authorise(self, invocation: Invocation) -> Authorised:
        """Return the invocation with exact arguments, as the policy allows it. Raises KitestringError.

        The stored arguments become the pinned ones: approvals and a restart must mean the same build. Once they
        are known, errors are raised as Stopped, with them.
        """
        op = self._registry[invocation.operation]
        actor = await self._actors.find(invocation)
        if actor.limits:
            invocation = replace(invocation, agent=actor.name)
        with stopping(invocation):
            return await self._authorise(invocation, op, actor)

    async def _authorise(self, invocation: Invocation, op: Operation, actor: Actor) -> Authorised:
        if actor.standing is Standing.DEACTIVATED:
            await self._accounts.delete_departed(actor.team, actor.id, self._clock.now())
        # Refusals that need no look-up come first, so that refused people can't find out what exists.
        self._gate.check_permission(actor, op)
        await self._gate.check_channel(invocation.thread)
        await self._gate.check_writable(op)
        access = await self._contexts.find_access(actor, op)
        given, assumed = await self._default_pipelines.fill_in(
            op, invocation.args, invocation.thread, self._contexts.make_name_filter(actor)
        )
        ctx = self._contexts.build(op, invocation, actor, access)
        filled_in = replace(invocation, args=given, assumed=assumed)
        with stopping(filled_in):
            args = await self._pin(op, validate(op, given, self._command), ctx)
        pinned = replace(filled_in, args=args.model_dump(mode="json", exclude_none=True))
        with stopping(pinned):
            resolved = await self._judge(op, args, ctx, actor, access)
        allowed = replace(pinned, rule=resolved.rule)
        return Authorised(allowed, op, args, actor, access, ctx, resolved.requirement)

    async def has_approvals(self, authorised: Authorised) -> bool:
        """Return whether this is an approved proposal whose approvals still suffice. Raises Refused if not."""
        if authorised.requirement is None:
            return True
        buildkite = authorised.access.buildkite
        return await self._gate.has_approvals(authorised.invocation, authorised.requirement, buildkite)

    async def admit(self, request: Request, op: Operation, *, anywhere: bool = False) -> Actor:
        """Return who asks for a form. Raises Refused if they may not run its operation on anything.

        `anywhere`: the channel is still to be chosen.
        """
        actor = await self._actors.find(request)
        self._gate.check_permission(actor, op, anywhere=anywhere)
        return actor

    async def preview(self, request: Request, op: Operation, given: JsonObject) -> None:
        """Raise Refused if the policy will refuse the form whatever the person fills in."""
        actor = await self.admit(request, op)
        await self._gate.check_channel(request.thread)
        if not given or op.load_fields:
            return
        try:
            args = validate(op, given, self._command)
        except UsageError:
            return  # incomplete: the policy is applied to the submission
        access = await self._contexts.find_access(actor, op)
        await self._gate.apply_policy(op, args, actor, access.buildkite)

    async def resolve(self, request: Request, op: Operation, given: JsonObject) -> Resolved:
        """Return exact arguments for a form whose inputs depend on them. Raises KitestringError."""
        actor = await self.admit(request, op)
        access = await self._contexts.find_access(actor, op)
        ctx = self._contexts.build(op, request.make_invocation("", op.name, given), actor, access)
        pinned = await self._pin(op, op.args.model_validate(dict(given)), ctx)
        return await self._judge(op, pinned, ctx, actor, access)

    async def fill_in_default(self, request: Request, op: Operation, given: JsonObject) -> JsonObject:
        """Return the arguments with the channel's default pipeline filled in, if none is named."""
        actor = await self._actors.find(request)
        may_name = self._contexts.make_name_filter(actor)
        return (await self._default_pipelines.fill_in(op, given, request.thread, may_name))[0]

    def validate(self, op: Operation, args: JsonObject) -> Args:
        """Validate arguments. Raises UsageError."""
        return validate(op, args, self._command)

    async def build_submission_context(self, request: Request, op: Operation) -> object:
        """Return the context for an operation's submit hook. Raises Refused."""
        actor = await self.admit(request, op)
        await self._gate.check_channel(request.thread)
        invocation = request.make_invocation("", op.name, {})
        return self._contexts.build(op, invocation, actor, self._contexts.own_access)

    async def _pin(self, op: Operation, args: Args, ctx: object) -> Args:
        return await op.pin(args, ctx) if op.pin else args

    async def _judge(
        self, op: Operation, pinned: Args, ctx: object, actor: Actor, access: BuildkiteAccess
    ) -> Resolved:
        verdict = await self._gate.apply_policy(op, pinned, actor, access.buildkite)
        requirement = verdict if isinstance(verdict, ApprovalRequirement) else None
        return Resolved(pinned, ctx, requirement, verdict.rule)

    async def prepare_probe(self, invocation: Invocation, op: Operation) -> tuple[Actor, object]:
        """Return the requester and the context to probe with: the bot's own token may look at everything."""
        actor = await self._actors.find_past(invocation)
        return actor, self._contexts.build(op, invocation, actor, self._contexts.own_access)
