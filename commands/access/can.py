"""Command that explains whether a person may run a command, and by which rule."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.access.accounts.service import BuildkiteAccess
from bot.access.policy.rules import ApprovalRequirement, Refuse, Verdict
from bot.access.policy.service import PolicyService
from bot.execution.context import Caller
from bot.execution.context_factory import ContextFactory
from bot.execution.default_pipeline import DefaultPipelines
from bot.operations.grammar import parse
from bot.operations.operation import Args, Effect, Operation, Opt, Permission, operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.operations.validation import validate
from bot.slack.blockkit.mrkdwn import Mrkdwn, md
from commands.access.results import PermissionCheck, VerdictName


class CanArgs(Args):
    """Arguments of `can`: a command as it would be typed."""

    words: Annotated[
        str,
        Opt(value="command", positional=True, takes_rest=True, hint="build create web"),
        Field(min_length=1, max_length=2000, description="Command"),
    ]


@dataclass(frozen=True)
class CanContext:
    """Needs of `can`, with the means to build the context of the command that it's asked about."""

    caller: Caller
    registry: Registry
    policy: PolicyService
    default_pipelines: DefaultPipelines
    contexts: ContextFactory
    access: BuildkiteAccess


@operation(
    "can",
    needs=Permission.HELP,
    effect=Effect.READS,
    examples=("can build create web -b main", "can agent stop linux-1"),
)
async def can(args: CanArgs, ctx: CanContext) -> Reply[PermissionCheck]:
    """Check whether you may run a command, and by which rule, without running it."""
    caller = ctx.caller
    call = parse(args.words, ctx.registry, command=caller.command)
    op = ctx.registry[call.operation]
    if refused := ctx.policy.find_blanket_refusal(caller.actor, op):
        return _reply(op, refused, _render_refusal(refused))
    may_name = ctx.policy.make_name_filter(caller.actor)
    filled, _ = await ctx.default_pipelines.fill_in(op, call.args, caller.thread, may_name)
    pinned = await _pin(op, validate(op, filled, caller.command), ctx)
    verdict, text, lock = await ctx.policy.explain(caller.actor, op, pinned, ctx.access.buildkite)
    whole = md("{text}\n{lock}", text=text, lock=_render_refusal(lock)) if lock else text
    return _reply(op, lock or verdict, whole)


def _reply(op: Operation, verdict: Verdict, text: Mrkdwn) -> Reply[PermissionCheck]:
    data = PermissionCheck(message=text, operation=op.name, verdict=_name_verdict(verdict), rule=verdict.rule)
    return Reply(data=data, text=text)


def _name_verdict(verdict: Verdict) -> VerdictName:
    if isinstance(verdict, ApprovalRequirement):
        return "needs_approval"
    return "refused" if isinstance(verdict, Refuse) else "allowed"


async def _pin(op: Operation, args: Args, ctx: CanContext) -> Args:
    return await op.pin(args, ctx.contexts.build(op, ctx.caller, ctx.access)) if op.pin else args


def _render_refusal(refused: Refuse) -> Mrkdwn:
    return md("⛔ {message} {hint} (“{rule}”)", message=refused.message, hint=refused.hint, rule=refused.rule)
