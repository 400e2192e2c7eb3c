"""`help`: what there is, and how it is written."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from bot.access.policy.decide import hopeless
from bot.execution.alias_rules import listed
from bot.execution.context import Context
from bot.operations.help_text import help_reply
from bot.operations.operation import Args, Effect, Operation, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md

SHOWN = 8


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

    reply = help_reply(ctx.registry, ctx.allowed, args.noun, args.verb, ctx.command, refused)
    return reply if args.noun else replace(reply, text=lines([reply.text, await _own(ctx)]))


async def _own(ctx: Context) -> Mrkdwn:
    """The words of one's own, so many as are soon read."""
    mine = listed(await ctx.aliases.of(ctx.actor))
    said = [md("{name} = {words}", name=code(name), words=code(shorten(words, 80))) for name, words in mine]
    more = md("… and {count} more: {see}", count=len(said) - SHOWN, see=code(f"{ctx.command} alias"))
    return lines([bold("Your aliases"), *said[:SHOWN], *([more] if len(said) > SHOWN else [])] if said else [])
