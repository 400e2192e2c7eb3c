"""Command that explains whether a person may run a command, and by which rule."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.access.locks.rules import find_lock_refusal
from bot.access.policy.decide import explain, find_blanket_refusal
from bot.access.policy.rules import Refuse
from bot.access.target import resolve_target
from bot.execution.context import Context
from bot.operations.grammar import parse
from bot.operations.operation import Args, Effect, Operation, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.operations.validation import validate
from bot.slack.blockkit.mrkdwn import Mrkdwn, md


class CanArgs(Args):
    """Arguments of `can`: a command as it would be typed."""

    words: Annotated[
        str,
        Opt(positional=True, takes_rest=True, hint="build create web"),
        Field(min_length=1, max_length=2000, description="Command"),
    ]


@operation(
    "can",
    needs=Permission.HELP,
    effect=Effect.READ,
    examples=("can build create web -b main", "can agent stop linux-1"),
)
async def can(args: CanArgs, ctx: Context) -> Reply:
    """Check whether you may run a command, and by which rule, without running it."""
    call = parse(args.words, ctx.registry, command=ctx.command)
    op = ctx.registry[call.operation]
    if refused := find_blanket_refusal(ctx.rules(), ctx.actor, op):
        return Reply(text=_render_refusal(refused))
    filled, _ = await ctx.default_pipelines.fill_in(op, call.args, ctx.thread)
    given = validate(op, filled, ctx.command)
    return Reply(text=await _explain(op, await op.pin(given, ctx) if op.pin else given, ctx))


async def _explain(op: Operation, args: Args, ctx: Context) -> Mrkdwn:
    now, pipeline = ctx.clock.now(), getattr(args, "pipeline", None)
    held = await ctx.locks.find_active(pipeline) if pipeline else ()
    target = await resolve_target(args, ctx.buildkite, ctx.rules(), held)
    text = explain(ctx.rules(), ctx.actor, op, target, now)
    lock = find_lock_refusal(op, target, held, ctx.actor, now)
    return md("{text}\n{lock}", text=text, lock=_render_refusal(lock)) if lock else text


def _render_refusal(refused: Refuse) -> Mrkdwn:
    return md("⛔ {message} {hint} (“{rule}”)", message=refused.message, hint=refused.hint, rule=refused.rule)
