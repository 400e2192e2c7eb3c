"""Command that shows what people can do, lists all commands and explains their arguments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

from pydantic import Field

from bot.access.policy.rules import Refuse
from bot.access.policy.service import PolicyService
from bot.execution.alias_rules import sort_aliases
from bot.execution.aliases import Aliases
from bot.execution.context import Caller, TrackedBuildLookup
from bot.operations.help_results import HelpResult
from bot.operations.help_text import render_all_commands, render_help
from bot.operations.manners import SmallTalk
from bot.operations.operation import Args, Effect, Operation, Opt, Permission, operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import join_lines, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, bold, code, md
from commands.general.build_help import choose_build, render_build_help
from commands.general.help_tasks import render_tasks

ALIASES_LIMIT = 8
EVERYTHING = "more"


class HelpArgs(Args):
    """Arguments of `help`."""

    noun: Annotated[
        str | None,
        Opt(positional=True, hint="build"),
        Field(description=f"Command group, such as build, job or agent, or `{EVERYTHING}` for all"),
    ] = None
    verb: Annotated[
        str | None, Opt(positional=True, joined=True, hint="create"), Field(description="Command in that group")
    ] = None
    small_talk: Annotated[
        SmallTalk | None, Opt(in_form=False, in_manual=False), Field(description="Answer a greeting or thanks")
    ] = None


@dataclass(frozen=True)
class HelpContext:
    """The commands, the person's aliases and rights, and the build of the thread."""

    caller: Caller
    registry: Registry
    policy: PolicyService
    aliases: Aliases
    tracked_builds: TrackedBuildLookup


@operation(
    "help",
    needs=Permission.HELP,
    effect=Effect.READS,
    examples=("help", "help more", "help build", "help build create"),
)
async def show_help(args: HelpArgs, ctx: HelpContext) -> Reply[HelpResult]:
    """Show what you can do here, in a build's thread with that build."""

    def find_refusal(op: Operation) -> Refuse | None:
        return ctx.policy.find_blanket_refusal(ctx.caller.actor, op)

    def is_allowed(op: Operation) -> bool:
        return find_refusal(op) is None

    def explain_refusal(op: Operation) -> Mrkdwn:
        found = find_refusal(op)
        return md("{message} {hint}", message=found.message, hint=found.hint) if found else Mrkdwn("")

    if args.small_talk == "thanks":
        return Reply(data=HelpResult(message="You're welcome."), text="You're welcome.")
    if args.noun is None:
        tasks = render_tasks(ctx.registry, is_allowed, ctx.caller.command, _greet(args, ctx))
        return await _render_build_help(ctx) or tasks
    if args.noun.lower() == EVERYTHING:
        reply = render_all_commands(ctx.registry, is_allowed, ctx.caller.command)
        return replace(reply, text=join_lines([reply.text, await _render_aliases(ctx)]))
    return render_help(ctx.registry, is_allowed, args.noun, args.verb, ctx.caller.command, explain_refusal)


def _greet(args: HelpArgs, ctx: HelpContext) -> str:
    return f"Hi {ctx.caller.actor.name}." if args.small_talk else ""


async def _render_build_help(ctx: HelpContext) -> Reply[HelpResult] | None:
    """Return what fits the build of this thread; None without one, or if the person may not see it."""
    tracked = choose_build(await ctx.tracked_builds.find_in_thread(ctx.caller.thread))
    if tracked is None:
        return None

    def is_allowed(op: Operation) -> bool:
        refused = ctx.policy.find_refusal(ctx.caller.actor, op.name, tracked.build.ref.pipeline)
        return refused is None

    if not is_allowed(ctx.registry["build view"]):
        return None
    return render_build_help(tracked, ctx.registry, is_allowed, ctx.caller.command)


async def _render_aliases(ctx: HelpContext) -> Mrkdwn:
    """Return the person's own aliases, at most ALIASES_LIMIT of them."""
    mine = sort_aliases(await ctx.aliases.find_all(ctx.caller.actor), ctx.registry)
    rows = [md("{name} = {words}", name=code(name), words=code(shorten(words, 80))) for name, words in mine]
    more = md(
        "… and {count} more: {see}", count=len(rows) - ALIASES_LIMIT, see=code(f"{ctx.caller.command} alias")
    )
    return join_lines(
        [bold("Your aliases"), *rows[:ALIASES_LIMIT], *([more] if len(rows) > ALIASES_LIMIT else [])]
        if rows
        else []
    )
