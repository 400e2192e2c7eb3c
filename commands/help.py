"""`help`: what there is, and how it is written."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.context import Context
from bot.core.handbook import help_reply
from bot.core.markup import Mrkdwn, md
from bot.core.operation import Args, Effect, Operation, Opt, Permission, Reply, operation
from bot.core.policy import hopeless


class Topic(Args):
    """What help is wanted with."""

    noun: Annotated[
        str | None, Opt(positional=True, hint="build"), Field(description="A noun: build, job, agent")
    ] = None
    verb: Annotated[str | None, Opt(positional=True, hint="create"), Field(description="One of its commands")] = (
        None
    )


@operation("help", needs=Permission.HELP, effect=Effect.READ, examples=("help", "help build", "help build create"))
async def show_help(args: Topic, ctx: Context) -> Reply:
    """Show what you can run here."""

    def refused(op: Operation) -> Mrkdwn:
        found = hopeless(ctx.rules(), ctx.actor, op)
        return md("{said} {hint}", said=found.message, hint=found.hint) if found else Mrkdwn("")

    return help_reply(ctx.registry, ctx.allowed, args.noun, args.verb, ctx.command, refused)
