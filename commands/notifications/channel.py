"""Commands that set which updates a channel gets about the builds requested in it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field

from bot.execution.context import Caller
from bot.notifications.subscriptions.model import Updates
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from commands.notifications.results import BroadcastResult, UpdatesResult

_DESCRIPTIONS = {
    "all": "every update is posted in a build's thread: started, failing, blocked and finished",
    "important": "first failures, blocks and results are posted in a build's thread",
    "end": "blocks and results are posted in a build's thread",
}


class ChannelUpdatesArgs(Args):
    """Arguments of `subscribe updates`."""

    level: Annotated[Updates, Opt(positional=True), Field(description="all, important or end")]


class ChannelBroadcastArgs(Args):
    """Arguments of `subscribe broadcast`."""

    switch: Annotated[Literal["on", "off"], Opt(positional=True), Field(description="on or off")]


@dataclass(frozen=True)
class ChannelContext:
    """The channel and its settings."""

    caller: Caller
    subscriptions: SubscriptionService


@operation(
    "subscribe updates",
    former=("channel updates",),
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    filters_pipelines=True,
    examples=("subscribe updates end",),
)
async def updates(args: ChannelUpdatesArgs, ctx: ChannelContext) -> Reply[UpdatesResult]:
    """Set which updates are posted in build threads here."""
    await ctx.subscriptions.choose_updates(ctx.caller.thread, args.level)
    text = f"changed this channel's updates: {_DESCRIPTIONS[args.level]}"
    return Reply(data=UpdatesResult(message=text, updates=args.level), text=text, private=False)


@operation(
    "subscribe broadcast",
    former=("channel broadcast",),
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    filters_pipelines=True,
    examples=("subscribe broadcast on",),
)
async def broadcast(args: ChannelBroadcastArgs, ctx: ChannelContext) -> Reply[BroadcastResult]:
    """Set whether failures posted in a thread also appear in the channel."""
    on = args.switch == "on"
    await ctx.subscriptions.choose_broadcast(ctx.caller.thread, on)
    where = "in the thread and in the channel" if on else "only in the thread"
    text = f"changed this channel's updates: failures are posted {where}"
    return Reply(data=BroadcastResult(message=text, broadcast=on), text=text, private=False)
