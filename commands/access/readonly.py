"""The switch that stops writes to Buildkite while cards stay alive."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply


class Switch(Args):
    """On or off."""

    state: Annotated[Literal["on", "off"], Opt(positional=True), Field(description="Whether writes are stopped")]


@operation("readonly", needs=Permission.ADMIN, effect=Effect.READ, examples=("readonly on", "readonly off"))
async def readonly(args: Switch, ctx: Context) -> Reply:
    """Stop or allow everything that changes something at Buildkite; cards are kept up all the same."""
    stopped = args.state == "on"
    await ctx.condition.set_readonly(ctx.actor.name if stopped else None)
    said = "stopped all writes to Buildkite; cards stay alive" if stopped else "allowed writes to Buildkite again"
    return Reply(text=said, private=False)
