"""Subscriptions: what a channel is told of without asking."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, field_validator

from bot.errors import Ambiguous, Conflict, UsageError
from bot.execution.context import Context
from bot.notifications.subscriptions.globs import is_literal
from bot.notifications.subscriptions.model import (
    DEFAULT_STATES,
    Source,
    Subscription,
    SubscriptionState,
    Updates,
    assign_id,
    parse_quiet_hours,
    sort_states,
)
from bot.notifications.subscriptions.preview import describe_subscription, render_list_item, render_question
from bot.operations.addresses import BranchPattern
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.runtime.wording import join_or
from bot.slack.blockkit.blocks import join_lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, local_time, md

SHOWN = 10
_USER = re.compile(r"<@([UW][A-Z0-9]+)>|([UW][A-Z0-9]{6,})")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


class Rule(Args):
    """Which builds to tell this channel of."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, hint="web, deploy-* or *", channel_default=True),
        Field(min_length=1, max_length=200, description="Pipeline, or a pattern"),
    ]
    branch: Annotated[
        BranchPattern | None,
        Opt(short="b", hint="main or release/*"),
        Field(description="Branch, or a pattern"),
    ] = None
    state: Annotated[tuple[SubscriptionState, ...], Opt(short="s"), Field(description="States")] = DEFAULT_STATES
    creator: Annotated[
        tuple[str, ...],
        Opt(hint="@ann, ann@example.com or me"),
        Field(max_length=20, description="Started or written by"),
    ] = ()
    source: Annotated[tuple[Source, ...], Opt(), Field(description="Started from")] = ()
    step: Annotated[
        str | None, Opt(hint="its key or name"), Field(max_length=255, description="Only this step's verdict")
    ] = None
    updates: Annotated[Updates, Opt(), Field(description="What is said below a card")] = "end"
    quiet: Annotated[str | None, Opt(hint="18:00-08:00"), Field(description="Quiet hours")] = None
    broadcast: Annotated[bool, Opt(), Field(description="Show failures told below a card in the channel too")] = (
        False
    )

    @field_validator("quiet")
    @classmethod
    def _hours(cls, text: str | None) -> str | None:
        if text:
            parse_quiet_hours(text)
        return text or None


class Nothing(Args):
    """No arguments."""


class Unwanted(Args):
    """Which subscription of this channel to end."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, hint="web, or its number in the list"),
        Field(min_length=1, max_length=200, description="Pipeline or pattern as it was subscribed to"),
    ]
    rule: Annotated[str | None, Opt(in_form=False, in_manual=False), Field(description="Its id")] = None


async def _pin(args: Rule, ctx: Context) -> Rule:
    if not await ctx.subscriptions.postable(ctx.thread):
        hint = "Type `/invite @kitestring`, then say it again."
        raise Conflict("I am not in this channel, so I could post nothing here.", hint)
    slug = (await ctx.catalog.find_pipeline(args.pipeline)).slug if is_literal(args.pipeline) else args.pipeline
    creators = tuple([await _address(word, ctx) for word in args.creator])
    return args.model_copy(update={"pipeline": slug, "creator": creators})


async def _address(word: str, ctx: Context) -> str:
    """The e-mail address that is meant: Buildkite knows people by it, and names may merely look alike."""
    if _ADDRESS.fullmatch(word):
        return word.lower()
    found = _USER.fullmatch(word)
    if not found and word.lower() != "me":
        raise UsageError(f"I do not know who `{word}` is.", "Mention them, or write their address.", "creator")
    email = await ctx.subscriptions.email(found.group(1) or found.group(2) if found else ctx.actor.id)
    if not email:
        raise UsageError("Slack shows me no address of theirs.", "Write the address they have there.", "creator")
    return email.lower()


def _subscription(args: Rule, ctx: Context) -> Subscription:
    own = ctx.thread.channel.startswith("D")
    item = Subscription(
        id="",
        team=ctx.thread.team,
        channel=ctx.thread.channel,
        pipeline=args.pipeline,
        created_by=ctx.actor.id,
        created_at=ctx.clock.now(),
        branch=args.branch or None,
        states=sort_states(args.state or DEFAULT_STATES),
        creators=args.creator,
        sources=args.source,
        step=args.step or None,
        updates=args.updates,
        quiet=args.quiet,
        zone=ctx.actor.zone if args.quiet else None,
        broadcast=args.broadcast,
        owner=ctx.actor.id if own else None,
        origin="person" if own else "chat",
    )
    return assign_id(item)


async def _preview(args: Rule, ctx: Context) -> Mrkdwn:
    subscription = _subscription(args, ctx)
    return render_question(subscription, await ctx.subscriptions.preview(subscription, ctx.buildkite))


@operation(
    "subscribe",
    needs=Permission.READ,
    effect=Effect.READ,
    pin=_pin,
    confirm=_preview,
    confirm_label="Save",
    opens_form=True,
    examples=(
        "subscribe web",
        "subscribe web -b main --state failed,fixed",
        "subscribe deploy-* --state passed,failed,blocked --updates all",
        "subscribe * --creator me --quiet 18:00-08:00",
    ),
)
async def subscribe(args: Rule, ctx: Context) -> Reply:
    """Tell this channel of builds that nobody here asked for: failed, fixed or blocked, or as you say."""
    subscription = _subscription(args, ctx)
    new = await ctx.subscriptions.save(subscription)
    said = (
        md("subscribed this channel to {rule}", rule=describe_subscription(subscription))
        if new
        else md("renewed the subscription to {rule}", rule=describe_subscription(subscription))
    )
    return Reply(text=said, private=False)


@operation(
    "subscriptions", needs=Permission.READ, effect=Effect.READ, filters_pipelines=True, examples=("subscriptions",)
)
async def subscriptions(_args: Nothing, ctx: Context) -> Reply:
    """List what this channel is subscribed to."""
    found, chosen = await ctx.subscriptions.here(ctx.thread)
    now = ctx.clock.now()
    if not found:
        return Reply(text=f"This channel is subscribed to nothing. Try `{ctx.command} subscribe`.")
    shown = [render_list_item(index, item, now) for index, item in enumerate(found[:SHOWN], 1)]
    more = [md("… and {count} more", count=len(found) - SHOWN)] if len(found) > SHOWN else []
    muted = (
        md("Muted until {time}.", time=local_time(chosen.muted_until, "{date_short_pretty} {time}"))
        if chosen.muted_until and chosen.muted(now)
        else ""
    )
    buttons = [button for index, item in enumerate(found[:SHOWN], 1) for button in _buttons(index, item)]
    return Reply(
        title="What this channel is subscribed to",
        text=join_lines([*shown, *more]),
        footer=muted,
        buttons=tuple(buttons),
    )


def _buttons(index: int, subscription: Subscription) -> list[Button]:
    mute = Call("mute", {"rule": subscription.id, "for_": "8h"}, confirmed=True)
    quiet = Button(
        f"Mute {index} for 8h", mute, spoken_label=f"Mute the subscription to {subscription.pipeline} for 8 hours"
    )
    if subscription.origin == "file":
        return [quiet]
    drop = Call("unsubscribe", {"pipeline": subscription.pipeline, "rule": subscription.id}, confirmed=True)
    return [
        quiet,
        Button(f"Remove {index}", drop, spoken_label=f"Remove the subscription to {subscription.pipeline}"),
    ]


async def _pin_unwanted(args: Unwanted, ctx: Context) -> Unwanted:
    found, _chosen = await ctx.subscriptions.here(ctx.thread)
    meant = _meant(args, found)
    if meant.origin == "file":
        raise Conflict(
            "That subscription stands in the file of subscriptions.", "Ask who keeps it to take it out."
        )
    return args.model_copy(update={"pipeline": meant.pipeline, "rule": meant.id})


def _meant(args: Unwanted, found: tuple[Subscription, ...]) -> Subscription:
    by_id = [item for item in found if args.rule == item.id]
    by_name = [item for item in found if item.pipeline == args.pipeline]
    by_number = [item for index, item in enumerate(found, 1) if args.pipeline == str(index)]
    meant = by_id or ([] if args.rule else by_name or by_number)
    if len(meant) > 1:
        options = tuple((f"{item.pipeline} {item.branch or ''}".strip(), {"rule": item.id}) for item in meant)
        raise Ambiguous(f"This channel has several subscriptions to {args.pipeline}.", "rule", options)
    if not meant:
        known = sorted({item.pipeline for item in found})
        hint = f"It is subscribed to {join_or(known)}." if known else "It is subscribed to nothing."
        raise UsageError(f"This channel is not subscribed to `{args.pipeline}`.", hint, "pipeline")
    return meant[0]


@operation(
    "unsubscribe",
    needs=Permission.READ,
    effect=Effect.READ,
    pin=_pin_unwanted,
    examples=("unsubscribe web", "unsubscribe 2"),
)
async def unsubscribe(args: Unwanted, ctx: Context) -> Reply:
    """End a subscription of this channel."""
    found, _chosen = await ctx.subscriptions.here(ctx.thread)
    gone = next((item for item in found if item.id == args.rule), None)
    if gone is None:
        raise UsageError("That subscription is gone already.", f"See `{ctx.command} subscriptions`.", "pipeline")
    await ctx.subscriptions.drop([gone.id])
    return Reply(text=md("ended the subscription to {rule}", rule=describe_subscription(gone)), private=False)
