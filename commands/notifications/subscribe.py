"""Commands that subscribe a channel to builds, and list and remove its subscriptions."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field, field_validator

from bot.buildkite.catalog import Catalog
from bot.buildkite.endpoints.builds import BuildCalls
from bot.errors import Ambiguous, Conflict, UsageError
from bot.execution.context import Caller
from bot.notifications.subscriptions.globs import is_literal
from bot.notifications.subscriptions.model import (
    DEFAULT_STATES,
    Source,
    Subscription,
    SubscriptionState,
    Updates,
    assign_id,
    sort_states,
)
from bot.notifications.subscriptions.preview import (
    describe_subscription,
    may_show,
    render_list_item,
    render_question,
)
from bot.notifications.subscriptions.quiet_hours import parse_quiet_hours
from bot.notifications.subscriptions.service import SubscriptionService
from bot.operations.addresses import BranchPattern
from bot.operations.declarations import Unjudged
from bot.operations.operation import Args, Effect, NoArgs, Opt, Permission, operation
from bot.operations.reply import Button, Call, Reply
from bot.runtime.clock import Clock
from bot.runtime.wording import join_or
from bot.slack.blockkit.blocks import join_lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md
from commands.notifications.results import SubscriptionData, SubscriptionList, SubscriptionResult

LIST_LIMIT = 10
_USER = re.compile(r"<@([UW][A-Z0-9]+)>|([UW][A-Z0-9]{6,})")
_ADDRESS = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[^\s@<>]+")


class SubscribeArgs(Args):
    """Arguments of `subscribe`."""

    pipeline: Annotated[
        str,
        Opt(
            short="p",
            positional=True,
            suggest="pipeline pattern",
            hint="web, deploy-* or *",
            channel_default=True,
            target="pipeline",
        ),
        Field(min_length=1, max_length=200, description="Pipeline or pattern"),
    ]
    branch: Annotated[
        BranchPattern | None,
        Opt(short="b", hint="main or release/*", target="branch"),
        Field(description="Branch or pattern"),
    ] = None
    state: Annotated[tuple[SubscriptionState, ...], Opt(short="s"), Field(description="States")] = DEFAULT_STATES
    creator: Annotated[
        tuple[str, ...],
        Opt(value="people", hint="@ann, ann@example.com or me"),
        Field(max_length=20, description="Started or written by"),
    ] = ()
    source: Annotated[
        tuple[Source, ...],
        Opt(value="ui,api,…", target=Unjudged("a way in which builds are started")),
        Field(description="Started from"),
    ] = ()
    step: Annotated[
        str | None,
        Opt(value="key", hint="its key or name"),
        Field(max_length=255, description="Only this step's result"),
    ] = None
    updates: Annotated[Updates, Opt(), Field(description="Updates in a build's thread")] = "end"
    quiet: Annotated[
        str | None, Opt(value="22:00-07:00", hint="18:00-08:00"), Field(description="Quiet hours")
    ] = None
    broadcast: Annotated[bool, Opt(), Field(description="Also show failures from threads in the channel")] = False

    @field_validator("quiet")
    @classmethod
    def _check_quiet_hours(cls, text: str | None) -> str | None:
        if text:
            parse_quiet_hours(text)
        return text or None


class UnsubscribeArgs(Args):
    """Arguments of `subscribe remove`."""

    pipeline: Annotated[
        str,
        Opt(short="p", positional=True, hint="web, or a number from the list", target="pipeline"),
        Field(min_length=1, max_length=200, description="Pipeline or pattern of the subscription"),
    ]
    rule: Annotated[str | None, Opt(in_form=False, in_manual=False), Field(description="Subscription id")] = None


@dataclass(frozen=True)
class SubscribeContext:
    """The channel, its subscriptions, and the builds to preview."""

    caller: Caller
    subscriptions: SubscriptionService
    catalog: Catalog
    builds: BuildCalls
    clock: Clock


async def _pin(args: SubscribeArgs, ctx: SubscribeContext) -> SubscribeArgs:
    if not await ctx.subscriptions.can_post(ctx.caller.thread):
        hint = "Type `/invite @kitestring`, then try again."
        raise Conflict("I'm not in this channel, so I couldn't post here.", hint)
    slug = (await ctx.catalog.find_pipeline(args.pipeline)).slug if is_literal(args.pipeline) else args.pipeline
    creators = tuple([await _find_email(word, ctx) for word in args.creator])
    return args.model_copy(update={"pipeline": slug, "creator": creators})


async def _find_email(word: str, ctx: SubscribeContext) -> str:
    """Return the person's e-mail address. It identifies them in Buildkite; a name could be someone else's."""
    if _ADDRESS.fullmatch(word):
        return word.lower()
    found = _USER.fullmatch(word)
    if not found and word.lower() != "me":
        raise UsageError(f"I don't know who `{word}` is.", "Mention them or use their e-mail address.", "creator")
    email = await ctx.subscriptions.find_email(found.group(1) or found.group(2) if found else ctx.caller.actor.id)
    if not email:
        raise UsageError(
            "Slack doesn't share their e-mail address with me.",
            "Use the address they have in Buildkite.",
            "creator",
        )
    return email.lower()


def _make_subscription(args: SubscribeArgs, ctx: SubscribeContext) -> Subscription:
    own = ctx.caller.thread.channel.startswith("D")
    subscription = Subscription(
        id="",
        team=ctx.caller.thread.team,
        channel=ctx.caller.thread.channel,
        pipeline=args.pipeline,
        created_by=ctx.caller.actor.id,
        created_at=ctx.clock.now(),
        branch=args.branch or None,
        states=sort_states(args.state or DEFAULT_STATES),
        creators=args.creator,
        sources=args.source,
        step=args.step or None,
        updates=args.updates,
        quiet=args.quiet,
        zone=ctx.caller.actor.zone if args.quiet else None,
        broadcast=args.broadcast,
        owner=ctx.caller.actor.id if own else None,
        origin="person" if own else "chat",
    )
    return assign_id(subscription)


async def _ask_with_preview(args: SubscribeArgs, ctx: SubscribeContext) -> Mrkdwn:
    subscription = _make_subscription(args, ctx)
    return render_question(subscription, await ctx.subscriptions.preview(subscription, ctx.builds))


@operation(
    "subscribe",
    label="Get notified",
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    pin=_pin,
    confirm=_ask_with_preview,
    confirm_label="Save",
    opens_form=True,
    examples=(
        "subscribe web",
        "subscribe web -b main --state failed,fixed",
        "subscribe deploy-* --state passed,failed,blocked --updates all",
        "subscribe * --creator me --quiet 18:00-08:00",
    ),
)
async def subscribe(args: SubscribeArgs, ctx: SubscribeContext) -> Reply[SubscriptionResult]:
    """Post builds to this channel when they fail, are fixed or block."""
    subscription = _make_subscription(args, ctx)
    new = await ctx.subscriptions.save(subscription)
    text = (
        md("subscribed this channel to {rule}", rule=describe_subscription(subscription))
        if new
        else md("updated the subscription to {rule}", rule=describe_subscription(subscription))
    )
    return Reply(data=_make_result(text, subscription), text=text, private=False)


def _make_result(message: str, subscription: Subscription | None) -> SubscriptionResult:
    data = SubscriptionData.from_subscription(subscription) if subscription else None
    return SubscriptionResult(message=message, subscription=data)


@operation(
    "subscribe list",
    former=("subscriptions",),
    needs=Permission.READ,
    effect=Effect.READS,
    filters_pipelines=True,
    examples=("subscribe list",),
)
async def subscriptions(_args: NoArgs, ctx: SubscribeContext) -> Reply[SubscriptionList]:
    """List this channel's subscriptions."""
    found, chosen = await ctx.subscriptions.find_for_channel(ctx.caller.thread)
    now = ctx.clock.now()
    visible = _select_visible(found, ctx.catalog)
    muted_until = chosen.muted_until if chosen.is_muted(now) else None
    if not found:
        nothing = f"This channel has no subscriptions. Add one with `{ctx.caller.command} subscribe`."
        return Reply(data=_make_list(nothing, visible, muted_until), text=nothing)
    shown = [render_list_item(index, subscription, now) for index, subscription in visible[:LIST_LIMIT]]
    more = [md("… and {count} more", count=len(visible) - LIST_LIMIT)] if len(visible) > LIST_LIMIT else []
    hidden = _count_hidden(len(found) - len(visible))
    muted = (
        md("Muted until {time}.", time=local_time(muted_until, "{date_short_pretty} {time}"))
        if muted_until
        else ""
    )
    buttons = [
        button for index, subscription in visible[:LIST_LIMIT] for button in _make_buttons(index, subscription)
    ]
    title = "This channel's subscriptions"
    return Reply(
        data=_make_list(title, visible, muted_until),
        title=title,
        text=join_lines([*shown, *more, *hidden]),
        footer=muted,
        buttons=tuple(buttons),
    )


def _select_visible(found: tuple[Subscription, ...], catalog: Catalog) -> list[tuple[int, Subscription]]:
    """Return the subscriptions that the person may be shown, each with its number in the channel."""
    return [entry for entry in enumerate(found, 1) if may_show(entry[1], catalog.may_name)]


def _count_hidden(count: int) -> list[Mrkdwn]:
    return [md("… and {count} that you can't see", count=count)] if count else []


def _make_list(
    message: str, visible: Iterable[tuple[int, Subscription]], muted_until: datetime | None
) -> SubscriptionList:
    subscriptions = tuple(SubscriptionData.from_subscription(subscription) for _index, subscription in visible)
    return SubscriptionList(message=message, subscriptions=subscriptions, muted_until=muted_until)


def _make_buttons(index: int, subscription: Subscription) -> list[Button]:
    mute = Call("mute", {"rule": subscription.id, "for_": "8h"}, confirmed=True)
    quiet = Button(
        f"Mute {index} for 8h", mute, spoken_label=f"Mute the subscription to {subscription.pipeline} for 8 hours"
    )
    if subscription.origin == "file":
        return [quiet]
    drop = Call("subscribe remove", {"pipeline": subscription.pipeline, "rule": subscription.id}, confirmed=True)
    return [
        quiet,
        Button(f"Remove {index}", drop, spoken_label=f"Remove the subscription to {subscription.pipeline}"),
    ]


async def _pin_unsubscribe(args: UnsubscribeArgs, ctx: SubscribeContext) -> UnsubscribeArgs:
    found, _chosen = await ctx.subscriptions.find_for_channel(ctx.caller.thread)
    subscription = _find_subscription(args, found, ctx.catalog)
    if subscription.origin == "file":
        raise Conflict(
            "That subscription is defined in the subscriptions file.", "Ask an admin to remove it there."
        )
    return args.model_copy(update={"pipeline": subscription.pipeline, "rule": subscription.id})


def _find_subscription(args: UnsubscribeArgs, found: tuple[Subscription, ...], catalog: Catalog) -> Subscription:
    visible = _select_visible(found, catalog)
    by_id = [subscription for _, subscription in visible if args.rule == subscription.id]
    # Who types the name of a hidden pipeline learns nothing from the policy's refusal, which then follows.
    by_name = [subscription for subscription in found if subscription.pipeline == args.pipeline]
    by_number = [subscription for index, subscription in visible if args.pipeline == str(index)]
    matching = by_id or ([] if args.rule else by_name or by_number)
    if len(matching) > 1:
        options = tuple(
            (f"{subscription.pipeline} {subscription.branch or ''}".strip(), {"rule": subscription.id})
            for subscription in matching
        )
        raise Ambiguous(f"This channel has several subscriptions to {args.pipeline}.", "rule", options)
    if not matching:
        known = sorted({subscription.pipeline for _, subscription in visible})
        hint = f"It's subscribed to {join_or(known)}." if known else "" if found else "It has no subscriptions."
        raise UsageError(f"This channel isn't subscribed to `{args.pipeline}`.", hint, "pipeline")
    return matching[0]


async def _probe_unsubscribe(args: UnsubscribeArgs, ctx: SubscribeContext) -> Reply[SubscriptionResult] | None:
    """Return the answer of `subscribe remove` if the subscription is no longer there, else None."""
    found, _chosen = await ctx.subscriptions.find_for_channel(ctx.caller.thread)
    if any(subscription.id == args.rule for subscription in found):
        return None
    text = md("removed the subscription to {pipeline}", pipeline=code(args.pipeline))
    return Reply(data=_make_result(text, None), text=text, private=False)


@operation(
    "subscribe remove",
    former=("unsubscribe",),
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    probe=_probe_unsubscribe,
    pin=_pin_unsubscribe,
    examples=("subscribe remove web", "subscribe remove 2"),
)
async def unsubscribe(args: UnsubscribeArgs, ctx: SubscribeContext) -> Reply[SubscriptionResult]:
    """Remove a subscription from this channel."""
    found, _chosen = await ctx.subscriptions.find_for_channel(ctx.caller.thread)
    subscription = next((subscription for subscription in found if subscription.id == args.rule), None)
    if subscription is None:
        raise UsageError(
            "That subscription no longer exists.", f"See `{ctx.caller.command} subscribe list`.", "pipeline"
        )
    await ctx.subscriptions.delete([subscription.id])
    text = md("removed the subscription to {rule}", rule=describe_subscription(subscription))
    return Reply(data=_make_result(text, subscription), text=text, private=False)
