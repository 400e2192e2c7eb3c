"""`default`: the pipeline that a channel means where none is named."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field, model_validator

from bot.access.policy.decide import decide
from bot.access.policy.rules import FULL, Refuse, Target
from bot.errors import Refused, UsageError
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md


class Default(Args):
    """Which pipeline; nothing shows the one that holds."""

    pipeline: Annotated[
        str | None, Opt(short="p", positional=True, suggest="pipeline"), Field(description="Pipeline")
    ] = None
    none: Annotated[bool, Opt(), Field(description="Mean none from now on")] = False

    @model_validator(mode="after")
    def _one(self) -> Default:
        if self.none and self.pipeline:
            raise UsageError(f"Both `{self.pipeline}` and `--none` are given.", "Say one of them.", "pipeline")
        return self


async def _pin(args: Default, ctx: Context) -> Default:
    if not args.pipeline:
        return args
    return args.model_copy(update={"pipeline": (await ctx.catalog.find_pipeline(args.pipeline)).slug})


@operation(
    "default",
    needs=Permission.READ,
    effect=Effect.READ,
    pin=_pin,
    sifts=True,
    examples=("default web", "default", "default --none"),
)
async def default(args: Default, ctx: Context) -> Reply:
    """Choose the pipeline that is meant in this channel where none is named."""
    before = await ctx.defaults.of(ctx.thread)
    if not (args.pipeline or args.none):
        return Reply(text=_standing(before, ctx))
    _admit(args.pipeline, ctx)
    await ctx.defaults.choose(ctx.thread, args.pipeline)
    if args.pipeline:
        text = md("chose {slug} for this channel: it is meant where none is named", slug=code(args.pipeline))
        return Reply(text=text, private=False)
    if before is None:
        return Reply(text=_standing(None, ctx))
    return Reply(text=md("ended the default of this channel, which was {slug}", slug=code(before)), private=False)


def _admit(slug: str | None, ctx: Context) -> None:
    """A choice for everybody here: of full members, who may see the pipeline themselves. Raises Refused."""
    if ctx.actor.standing not in FULL:
        hint = "Ask a full member to do it."
        raise Refused("Guests do not choose for a channel.", hint, "default: full members choose for a channel")
    op = replace(ctx.registry["default"], sifts=False)
    verdict = decide(ctx.rules(), ctx.actor, op, Target(slug), ctx.clock.now()) if slug else None
    if isinstance(verdict, Refuse):
        raise Refused(verdict.message, verdict.hint, verdict.rule)


def _standing(slug: str | None, ctx: Context) -> Mrkdwn:
    if slug is None:
        how = code(f"{ctx.command} default web")
        return md("No pipeline is meant here where none is named. {how} chooses one.", how=how)
    off = code(f"{ctx.command} default --none")
    return md("{slug} is meant here where no pipeline is named. {off} ends that.", slug=code(slug), off=off)
