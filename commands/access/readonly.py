"""Command that turns read-only mode on or off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bot.execution.bot_status import StatusService
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from commands.access.results import ReadonlyResult


class ReadonlyArgs(Args):
    """Arguments of `readonly`."""

    state: Annotated[Literal["on", "off"], Opt(positional=True), Field(description="on or off")]


@dataclass(frozen=True)
class ReadonlyContext:
    """The person, and the bot's own state."""

    caller: Caller
    status: StatusService


@operation(
    "readonly",
    needs=Permission.ADMIN,
    token_callable=False,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    examples=("readonly on", "readonly off"),
)
async def readonly(args: ReadonlyArgs, ctx: ReadonlyContext) -> Reply[ReadonlyResult]:
    """Turn read-only mode on or off. Cards keep updating."""
    stopped = args.state == "on"
    await ctx.status.set_readonly(ctx.caller.actor.name if stopped else None)
    text = (
        "turned read-only mode on: nothing in Buildkite can be changed, but cards keep updating"
        if stopped
        else "turned read-only mode off"
    )
    return Reply(data=ReadonlyResult(message=text, readonly=stopped), text=text, private=False)
