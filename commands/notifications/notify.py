"""Command that sets direct messages about a person's own builds and pending approvals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, field_validator

from bot.errors import Conflict, UsageError
from bot.execution.context import Caller
from bot.notifications.direct.model import (
    APPROVALS,
    DEFAULT_TOPICS,
    TOPICS,
    NotificationTopic,
    select_build_topics,
    sort_topics,
)
from bot.notifications.direct.service import DirectMessageService
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.runtime.wording import join_or
from bot.slack.blockkit.blocks import join_lines
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.notifications.results import NotificationTopics

NotifyWord = Literal["on", "off", NotificationTopic]


class NotifyArgs(Args):
    """Arguments of `notify`. The word `me` is allowed and means nothing."""

    words: Annotated[
        tuple[NotifyWord, ...],
        Opt(value="event", positional=True, hint="on failed,blocked,fixed"),
        Field(max_length=30, description="on or off, and events"),
    ] = ()

    @field_validator("words", mode="before")
    @classmethod
    def _normalise(cls, words: object) -> object:
        """Drop a leading `me` and every `and`, and put `on` first if neither `on` nor `off` is."""
        given = words if isinstance(words, list | tuple) else [words]
        lowered = [str(word).lower() for word in given]
        left = [word for index, word in enumerate(lowered) if word != "and" and (index or word != "me")]
        return ["on", *left] if left and left[0] not in ("on", "off") else left

    @field_validator("words")
    @classmethod
    def _check_switch_first(cls, words: tuple[NotifyWord, ...]) -> tuple[NotifyWord, ...]:
        twice = [word for word in words[1:] if word in ("on", "off")]
        if twice:
            raise UsageError(
                f"Use `{twice[0]}` only once, at the start.", "For example: `notify off failed`.", "words"
            )
        return words


@dataclass(frozen=True)
class NotifyContext:
    """The person, and the direct messages that they get."""

    caller: Caller
    direct_messages: DirectMessageService


@operation(
    "notify",
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    filters_pipelines=True,
    examples=(
        "notify me on failed,blocked,fixed",
        "notify on approvals",
        "notify off failed",
        "notify off",
        "notify",
    ),
)
async def notify(args: NotifyArgs, ctx: NotifyContext) -> Reply[NotificationTopics]:
    """Get direct messages about your builds and about approvals waiting for you."""
    before = await ctx.direct_messages.find_topics(ctx.caller.actor)
    if not args.words:
        return _reply(before, _describe_settings(before, ctx))
    first, named = args.words[0], args.words[1:]
    if first == "off":
        return await _turn_off(before, named, ctx)
    wanted = sort_topics({*before, *(named or DEFAULT_TOPICS)})
    if select_build_topics(wanted) and not ctx.direct_messages.find_addresses(ctx.caller.actor):
        hint = "Ask an admin to add your address under `[people]` in the subscriptions file."
        raise Conflict(
            "Slack doesn't share your e-mail address with me, so I can't tell which builds are yours.", hint
        )
    await ctx.direct_messages.choose(ctx.caller.actor, wanted)
    return _reply(wanted, _describe_settings(wanted, ctx))


def _reply(topics: tuple[str, ...], text: Mrkdwn) -> Reply[NotificationTopics]:
    return Reply(data=NotificationTopics(message=text, topics=topics), text=text)


async def _turn_off(
    before: tuple[str, ...], named: tuple[str, ...], ctx: NotifyContext
) -> Reply[NotificationTopics]:
    stopped_kinds = sort_topics(set(named or TOPICS) & set(before))
    if not stopped_kinds:
        return _reply(before, _describe_settings(before, ctx))
    left = sort_topics(set(before) - set(stopped_kinds))
    await ctx.direct_messages.choose(ctx.caller.actor, left)
    again = code(f"{ctx.caller.command} notify on {','.join(stopped_kinds)}")
    if not left:
        return _reply(left, md("Stopped all direct messages. Turn them back on with {again}.", again=again))
    stopped = md("Stopped. Turn it back on with {again}.", again=again)
    return _reply(left, join_lines([stopped, _describe_settings(left, ctx)]))


def _describe_settings(topics: tuple[str, ...], ctx: NotifyContext) -> Mrkdwn:
    """Return what is turned on, which builds count as the person's, and how to change it."""
    builds = select_build_topics(topics)
    if not topics:
        how = code(f"{ctx.caller.command} notify me on {','.join(DEFAULT_TOPICS)}")
        return md("You get no direct messages. Turn them on with {how}.", how=how)
    parts = [
        md("You get direct messages about your builds: {states}.", states=_join_states(builds)) if builds else "",
        _describe_own_builds(ctx) if builds else "",
        "You get a direct message when an approval is waiting for you." if APPROVALS in topics else "",
        md("Turn this off with {off}.", off=code(f"{ctx.caller.command} notify off")),
    ]
    return join_lines([part for part in parts if part])


def _describe_own_builds(ctx: NotifyContext) -> Mrkdwn:
    mine = [code(address) for address in sorted(ctx.direct_messages.find_addresses(ctx.caller.actor))]
    return md(
        "Your builds are those with {who} as creator or author.\n"
        "For builds you start from Slack, you're notified in the thread instead.",
        who=Mrkdwn(join_or(mine)) if mine else "an address I don't know",
    )


def _join_states(states: tuple[str, ...]) -> str:
    return join_or([state.replace("_", " ") for state in states]).replace(" or ", " and ")
