"""Command that lists the commands and explains their arguments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from bot.access.policy.rules import Refuse
from bot.access.policy.service import PolicyService
from bot.execution.alias_rules import sort_aliases
from bot.execution.aliases import Aliases
from bot.execution.context import Caller
from bot.operations.help_text import render_help
from bot.operations.operation import Args, Effect, Operation, Opt, Permission, operation
from bot.operations.registry import Registry
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


@dataclass(frozen=True)
class HelpContext:
    """The commands, the person's aliases and rights."""

    caller: Caller
    registry: Registry
    policy: PolicyService
    aliases: Aliases


@operation(
    "help", needs=Permission.HELP, effect=Effect.READS, examples=("help", "help build", "help build create")
)
async def show_help(args: HelpArgs, ctx: HelpContext) -> Reply:
    """Show the commands you can run here."""

    def find_refusal(op: Operation) -> Refuse | None:
        return ctx.policy.find_blanket_refusal(ctx.caller.actor, op)

    def is_allowed(op: Operation) -> bool:
        return find_refusal(op) is None

    def explain_refusal(op: Operation) -> Mrkdwn:
        found = find_refusal(op)
        return md("{message} {hint}", message=found.message, hint=found.hint) if found else Mrkdwn("")

    reply = render_help(ctx.registry, is_allowed, args.noun, args.verb, ctx.caller.command, explain_refusal)
    return reply if args.noun else replace(reply, text=join_lines([reply.text, await _render_aliases(ctx)]))


async def _render_aliases(ctx: HelpContext) -> Mrkdwn:
    """Return the person's own aliases, at most ALIASES_LIMIT of them."""
    mine = sort_aliases(await ctx.aliases.find_all(ctx.caller.actor))
    rows = [md("{name} = {words}", name=code(name), words=code(shorten(words, 80))) for name, words in mine]
    more = md(
        "… and {count} more: {see}", count=len(rows) - ALIASES_LIMIT, see=code(f"{ctx.caller.command} alias")
    )
    return join_lines(
        [bold("Your aliases"), *rows[:ALIASES_LIMIT], *([more] if len(rows) > ALIASES_LIMIT else [])]
        if rows
        else []
    )
