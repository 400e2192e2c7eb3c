"""Commands that mute a channel's subscriptions, one subscription or a build."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.buildkite.catalog import Catalog
from bot.errors import UsageError
from bot.execution.context import Caller
from bot.execution.resolve.build import BuildContext, pin_build
from bot.notifications.subscriptions.preview import describe_subscription, may_show
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.addresses import BuildArgs
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.runtime.clock import Clock
from bot.runtime.durations import limit_duration, parse_duration
from bot.slack.blockkit.mrkdwn import code, local_time, md
from commands.notifications.results import BuildMuteResult, MuteResult, SubscriptionData

MAX_DURATION = timedelta(days=30)
UNTIL = "{date_short_pretty} {time}"


class MuteArgs(Args):
    """Arguments of `mute`."""

    for_: Annotated[
        str,
        Opt(value="duration", positional=True, hint="30m, 2h, 1d"),
        AfterValidator(limit_duration(MAX_DURATION)),
        Field(description="Duration"),
    ] = "2h"
    rule: Annotated[
        str | None, Opt(in_form=False, in_manual=False), Field(description="Only this subscription")
    ] = None


class BuildMuteArgs(BuildArgs):
    """Arguments of `mute build`."""


@dataclass(frozen=True)
class MuteContext:
    """The channel and its subscriptions."""

    caller: Caller
    subscriptions: SubscriptionService
    catalog: Catalog
    clock: Clock


@operation(
    "mute",
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    filters_pipelines=True,
    examples=("mute", "mute 2h", "mute 1d"),
)
async def mute(args: MuteArgs, ctx: MuteContext) -> Reply[MuteResult]:
    """Mute subscriptions in this channel. Missed builds aren't posted afterwards."""
    until = ctx.clock.now() + parse_duration(args.for_)
    undo = (Button("Unmute", Call("mute off", confirmed=True)),)
    if args.rule is None:
        await ctx.subscriptions.mute_channel(ctx.caller.thread, until)
        text = md("muted this channel's subscriptions until {until}", until=local_time(until, UNTIL))
        return Reply(data=MuteResult.make(text, until), text=text, private=False, buttons=undo)
    found, _chosen = await ctx.subscriptions.find_for_channel(ctx.caller.thread)
    subscription = next((subscription for subscription in found if subscription.id == args.rule), None)
    if subscription is None or not may_show(subscription, ctx.catalog.may_name):
        raise UsageError(
            "That subscription no longer exists.", f"See `{ctx.caller.command} subscribe list`.", "rule"
        )
    await ctx.subscriptions.mute([subscription.id], until)
    text = md(
        "muted the subscription to {rule} until {until}",
        rule=describe_subscription(subscription),
        until=local_time(until, UNTIL),
    )
    return Reply(data=MuteResult.make(text, until, subscription), text=text, private=False, buttons=undo)


@operation(
    "mute off",
    former=("unmute",),
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    filters_pipelines=True,
    examples=("mute off",),
)
async def unmute(_args: NoArgs, ctx: MuteContext) -> Reply[MuteResult]:
    """Unmute this channel's subscriptions."""
    found, chosen = await ctx.subscriptions.find_for_channel(ctx.caller.thread)
    now = ctx.clock.now()
    muted = [subscription.id for subscription in found if subscription.is_muted(now)]
    if not muted and not chosen.is_muted(now):
        text = "Nothing is muted here."
        return Reply(data=MuteResult.make(text, None), text=text)
    await ctx.subscriptions.mute(muted, None)
    await ctx.subscriptions.mute_channel(ctx.caller.thread, None)
    text = "unmuted this channel's subscriptions"
    return Reply(data=MuteResult.make(text, None), text=text, private=False)


@operation(
    "mute build",
    label="Mute",
    former=("build mute",),
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    pin=pin_build,
    examples=("mute build web 101", "mute build"),
)
async def build_mute(args: BuildMuteArgs, ctx: BuildContext) -> Reply[BuildMuteResult]:
    """Mute a build in this channel: no more replies, but its card keeps updating."""
    has_card, subscription = await ctx.tracked_builds.mute(
        ctx.caller.thread, args.pipeline or "", args.number or 0
    )
    ref = f"{args.pipeline}#{args.number}"
    if not has_card:
        hint = "Mute the build in the channel that has its card."
        raise UsageError(f"There's no card for {ref} in this channel.", hint, "pipeline")
    text = md("Muted {ref} here. Its card keeps updating.", ref=code(ref))
    shown = subscription if subscription and may_show(subscription, ctx.catalog.may_name) else None
    data = BuildMuteResult(
        message=text,
        pipeline=args.pipeline or "",
        number=args.number or 0,
        subscription=SubscriptionData.from_subscription(shown) if shown else None,
    )
    if shown is None:
        return Reply(data=data, text=text)
    whole = Button("Mute subscription for 8h", Call("mute", {"rule": shown.id, "for_": "8h"}, confirmed=True))
    channel = Button("Mute channel for 2h", Call("mute", {"for_": "2h"}, confirmed=True))
    because = md(
        "{text}\nIt was posted by the subscription to {rule}.", text=text, rule=describe_subscription(shown)
    )
    return Reply(data=data, text=because, buttons=(whole, channel))
