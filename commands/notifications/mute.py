"""Peace: a channel, a subscription or a build that nothing is posted of for a while."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, Field

from bot.errors import UsageError
from bot.execution.context import Context
from bot.execution.resolve.build import pin_build
from bot.notifications.subscriptions.preview import rule
from bot.operations.addresses import AtBuild
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.runtime.durations import limit_duration, parse_duration
from bot.slack.blockkit.mrkdwn import code, md, when

MAX_DURATION = timedelta(days=30)
UNTIL = "{date_short_pretty} {time}"


class MuteArgs(Args):
    """For how long."""

    for_: Annotated[
        str,
        Opt(positional=True, hint="30m, 2h, 1d"),
        AfterValidator(limit_duration(MAX_DURATION)),
        Field(description="For how long"),
    ] = "2h"
    rule: Annotated[str | None, Opt(form=False, manual=False), Field(description="One subscription alone")] = None


class BuildMuteArgs(AtBuild):
    """Which build to say nothing more of."""


@operation("mute", needs=Permission.READ, effect=Effect.READ, sifts=True, examples=("mute", "mute 2h", "mute 1d"))
async def mute(args: MuteArgs, ctx: Context) -> Reply:
    """Let subscriptions post nothing in this channel for a while; what happens meanwhile is not posted later."""
    until = ctx.clock.now() + parse_duration(args.for_)
    undo = (Button("Unmute", Call("unmute", yes=True)),)
    if args.rule is None:
        await ctx.subscriptions.choose(ctx.thread, muted_until=until)
        text = md("muted the subscriptions of this channel until {until}", until=when(until, UNTIL))
        return Reply(text=text, private=False, buttons=undo)
    found, _chosen = await ctx.subscriptions.here(ctx.thread)
    subscription = next((item for item in found if item.id == args.rule), None)
    if subscription is None:
        raise UsageError("That subscription is gone already.", f"See `{ctx.command} subscriptions`.", "rule")
    await ctx.subscriptions.mute([subscription.id], until)
    text = md("muted the subscription to {rule} until {until}", rule=rule(subscription), until=when(until, UNTIL))
    return Reply(text=text, private=False, buttons=undo)


@operation("unmute", needs=Permission.READ, effect=Effect.READ, sifts=True, examples=("unmute",))
async def unmute(_args: NoArgs, ctx: Context) -> Reply:
    """Let the subscriptions of this channel post again."""
    found, chosen = await ctx.subscriptions.here(ctx.thread)
    now = ctx.clock.now()
    muted = [item.id for item in found if item.muted(now)]
    if not muted and not chosen.muted(now):
        return Reply(text="Nothing is muted here.")
    await ctx.subscriptions.mute(muted, None)
    await ctx.subscriptions.choose(ctx.thread, muted_until=None)
    return Reply(text="unmuted the subscriptions of this channel", private=False)


@operation(
    "build mute",
    needs=Permission.READ,
    effect=Effect.READ,
    pin=pin_build,
    examples=("build mute web 101", "build mute"),
)
async def build_mute(args: BuildMuteArgs, ctx: Context) -> Reply:
    """Say nothing more below the card of a build in this channel; the card itself is kept up."""
    has_card, subscription = await ctx.tracked_builds.mute(ctx.thread, args.pipeline or "", args.number or 0)
    ref = f"{args.pipeline}#{args.number}"
    if not has_card:
        raise UsageError(f"There is no card of {ref} in this channel.", "Mute it where its card is.", "pipeline")
    text = md("I say nothing more of {ref} here; its card is kept up.", ref=code(ref))
    if subscription is None:
        return Reply(text=text)
    whole = Button(
        "Mute that subscription for 8h", Call("mute", {"rule": subscription.id, "for_": "8h"}, yes=True)
    )
    channel = Button("Mute this channel for 2h", Call("mute", {"for_": "2h"}, yes=True))
    because = md("{said}\nThe subscription to {rule} posted it.", said=text, rule=rule(subscription))
    return Reply(text=because, buttons=(whole, channel))
