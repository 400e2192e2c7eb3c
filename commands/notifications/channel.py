"""What a channel has chosen for the cards that are asked for in it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.execution.context import Context
from bot.notifications.subscriptions.model import Updates
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply

_SAID = {
    "all": "everything is told below a card: when it runs, fails, waits and ends",
    "important": "the first failure, gates and ends are told below a card",
    "end": "gates and ends are told below a card",
}


class Level(Args):
    """What is said below the cards of this channel."""

    level: Annotated[Updates, Opt(positional=True), Field(description="all, important or end")]


class Switch(Args):
    """On or off."""

    switch: Annotated[Literal["on", "off"], Opt(positional=True), Field(description="on or off")]


@operation(
    "channel updates", needs=Permission.READ, effect=Effect.READ, sifts=True, examples=("channel updates end",)
)
async def updates(args: Level, ctx: Context) -> Reply:
    """Choose what is said below the cards that are asked for in this channel from now on."""
    await ctx.subscribing.choose(ctx.thread, updates=args.level)
    return Reply(text=f"chose for this channel: {_SAID[args.level]}", private=False)


@operation(
    "channel broadcast", needs=Permission.READ, effect=Effect.READ, sifts=True, examples=("channel broadcast on",)
)
async def broadcast(args: Switch, ctx: Context) -> Reply:
    """Choose whether a failure told below a card is shown in the channel as well."""
    await ctx.subscribing.choose(ctx.thread, broadcast=args.switch == "on")
    where = "shown in the channel as well" if args.switch == "on" else "told below the card only"
    return Reply(text=f"chose for this channel: failures are {where}", private=False)
