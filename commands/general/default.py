"""Command that sets a channel's default pipeline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, model_validator

from bot.access.policy.rules import FULL_MEMBERS
from bot.access.policy.service import PolicyService
from bot.buildkite.catalog import Catalog
from bot.errors import Refused, UsageError
from bot.execution.context import Caller
from bot.execution.default_pipeline import DefaultPipelines
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.general.results import DefaultPipeline


class DefaultArgs(Args):
    """Arguments of `default`; without any, the current default is shown."""

    pipeline: Annotated[
        str | None,
        Opt(short="p", positional=True, suggest="pipeline", target="pipeline"),
        Field(description="Pipeline"),
    ] = None
    none: Annotated[bool, Opt(), Field(description="Clear the default")] = False

    @model_validator(mode="after")
    def _reject_both(self) -> DefaultArgs:
        if self.none and self.pipeline:
            raise UsageError(f"You gave both `{self.pipeline}` and `--none`.", "Choose one.", "pipeline")
        return self


@dataclass(frozen=True)
class DefaultContext:
    """The channel, its default pipeline, and what the person may see."""

    caller: Caller
    default_pipelines: DefaultPipelines
    catalog: Catalog
    policy: PolicyService


async def _pin(args: DefaultArgs, ctx: DefaultContext) -> DefaultArgs:
    if not args.pipeline:
        return args
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation(
    "default",
    needs=Permission.READ,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    pin=_pin,
    filters_pipelines=True,
    examples=("default web", "default", "default --none"),
)
async def default(args: DefaultArgs, ctx: DefaultContext) -> Reply[DefaultPipeline]:
    """Set the default pipeline of this channel, used when you don't name one."""
    before = await ctx.default_pipelines.find(ctx.caller.thread)
    if not (args.pipeline or args.none):
        known = before if before and ctx.catalog.may_name("pipeline", before) else None
        return _reply(_describe_default(before, ctx), known)
    _check_allowed(args.pipeline, ctx)
    await ctx.default_pipelines.choose(ctx.caller.thread, args.pipeline)
    if args.pipeline:
        text = md("made {slug} this channel's default pipeline", slug=code(args.pipeline))
        return _reply(text, args.pipeline, private=False)
    if before is None:
        return _reply(_describe_default(None, ctx), None)
    named = md(", {slug}", slug=code(before)) if ctx.catalog.may_name("pipeline", before) else ""
    return _reply(md("cleared this channel's default pipeline{named}", named=named), None, private=False)


def _reply(text: Mrkdwn, slug: str | None, *, private: bool = True) -> Reply[DefaultPipeline]:
    return Reply(data=DefaultPipeline(message=text, pipeline=slug), text=text, private=private)


def _check_allowed(slug: str | None, ctx: DefaultContext) -> None:
    """Raise Refused unless the person is a full member who may see the pipeline: it's chosen for everyone here."""
    if ctx.caller.actor.standing not in FULL_MEMBERS:
        hint = "Ask a full member to do it."
        raise Refused("Guests can't set a channel's default.", hint, "default: full members choose for a channel")
    if slug:
        ctx.policy.require_pipeline(ctx.caller.actor, "default", slug)


def _describe_default(slug: str | None, ctx: DefaultContext) -> Mrkdwn:
    if slug is None:
        how = code(f"{ctx.caller.command} default web")
        return md("This channel has no default pipeline. Set one with {how}.", how=how)
    if not ctx.catalog.may_name("pipeline", slug):
        return Mrkdwn("This channel has a default pipeline that you can't see. Name the pipeline that you mean.")
    off = code(f"{ctx.caller.command} default --none")
    return md("{slug} is this channel's default pipeline. Clear it with {off}.", slug=code(slug), off=off)
