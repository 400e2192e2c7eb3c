"""Command that lists the commands and explains their arguments."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from bot.access.policy.decide import find_blanket_refusal
from bot.execution.alias_rules import sort_aliases
from bot.execution.context import Context
from bot.operations.help_text import render_help
from bot.operations.operation import Args, Effect, Operation, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import join_lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md

ALIASES_LIMIT = 8


class HelpArgs(Args):
    """Arguments of `help`."""

    noun: Annotated[
        str | None,
        Opt(positional=True, hint="build"),
        Field(description="Command group, such as build, job or agent"),
    ] = None
    verb: Annotated[
        str | None, Opt(positional=True, hint="create"), Field(description="Command in that group")
    ] = None


@operation(
    "help", needs=Permission.HELP, effect=Effect.READS, examples=("help", "help build", "help build create")
)
async def show_help(args: HelpArgs, ctx: Context) -> Reply:
    """Show the commands you can run here."""

    def explain_refusal(op: Operation) -> Mrkdwn:
        found = find_blanket_refusal(ctx.rules(), ctx.actor, op)
        return md("{message} {hint}", message=found.message, hint=found.hint) if found else Mrkdwn("")

    reply = render_help(ctx.registry, ctx.is_allowed, args.noun, args.verb, ctx.command, explain_refusal)
    return reply if args.noun else replace(reply, text=join_lines([reply.text, await _render_aliases(ctx)]))


async def _render_aliases(ctx: Context) -> Mrkdwn:
    """Return the person's own aliases, at most ALIASES_LIMIT of them."""
    mine = sort_aliases(await ctx.aliases.find_all(ctx.actor))
    rows = [md("{name} = {words}", name=code(name), words=code(shorten(words, 80))) for name, words in mine]
    more = md("… and {count} more: {see}", count=len(rows) - ALIASES_LIMIT, see=code(f"{ctx.command} alias"))
    return join_lines(
        [bold("Your aliases"), *rows[:ALIASES_LIMIT], *([more] if len(rows) > ALIASES_LIMIT else [])]
        if rows
        else []
    )
