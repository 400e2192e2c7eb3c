"""Whether somebody may run a command, and which rule says so."""

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


class Question(Args):
    """The command, as one would type it."""

    words: Annotated[
        str,
        Opt(positional=True, takes_rest=True, hint="build create web"),
        Field(min_length=1, max_length=2000, description="A command"),
    ]


@operation(
    "can",
    needs=Permission.HELP,
    effect=Effect.READ,
    examples=("can build create web -b main", "can agent stop linux-1"),
)
async def can(args: Question, ctx: Context) -> Reply:
    """Say whether you may run a command, without running it, and which rule says so."""
    call = parse(args.words, ctx.registry, command=ctx.command)
    op = ctx.registry[call.operation]
    if refused := find_blanket_refusal(ctx.rules(), ctx.actor, op):
        return Reply(text=_no(refused))
    filled, _ = await ctx.default_pipelines.fill_in(op, call.args, ctx.thread)
    given = validate(op, filled, ctx.command)
    return Reply(text=await _explained(op, await op.pin(given, ctx) if op.pin else given, ctx))


async def _explained(op: Operation, args: Args, ctx: Context) -> Mrkdwn:
    now, pipeline = ctx.clock.now(), getattr(args, "pipeline", None)
    held = await ctx.locks.find_active(pipeline) if pipeline else ()
    target = await resolve_target(args, ctx.buildkite, ctx.rules(), held)
    text = explain(ctx.rules(), ctx.actor, op, target, now)
    lock = find_lock_refusal(op, target, held, ctx.actor, now)
    return md("{text}\n{lock}", text=text, lock=_no(lock)) if lock else text


def _no(refused: Refuse) -> Mrkdwn:
    return md("⛔ {message} {hint} (“{rule}”)", message=refused.message, hint=refused.hint, rule=refused.rule)
