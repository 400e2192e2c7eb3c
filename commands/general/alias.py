"""`alias`, `unalias`: words of one's own that stand for a command."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from bot.errors import UsageError
from bot.execution.alias_rules import LONGEST, MOST, check, listed, read
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.operations.typed_text import normalise
from bot.runtime.wording import quote_word, suggest
from bot.slack.blockkit.mrkdwn import code, md
from bot.slack.blockkit.tables import Table


class Alias(Args):
    """What a word is to stand for; nothing lists them."""

    words: Annotated[
        str | None,
        Opt(positional=True, rest=True, form=False, hint="ship = build create deploy-prod -b main"),
        Field(max_length=2000, description="A word, =, and what it stands for"),
    ] = None


class Unalias(Args):
    """Which word."""

    name: Annotated[str, Opt(positional=True, hint="ship"), Field(max_length=60, description="The alias")]


@operation(
    "alias",
    needs=Permission.HELP,
    effect=Effect.READ,
    examples=("alias ship = build create deploy-prod -b main", "alias", "alias ship", "alias --remove ship"),
)
async def alias(args: Alias, ctx: Context) -> Reply:
    """Let a word stand for a command, for you alone; what you type after it is added to the end."""
    if not args.words:
        return await _all(ctx)
    wanted = read(args.words)
    if wanted.remove:
        return await _removed(wanted.name, ctx)
    if not wanted.words:
        return await _one(wanted.name, ctx)
    check(wanted, ctx.registry, ctx.command)
    new = await ctx.aliases.define(ctx.actor, wanted.name, wanted.words)
    since = "from now on, for you alone" if new else "now, and for nothing else"
    words = code(normalise(wanted.words))
    return Reply(text=md("{name} stands for {words} {since}.", name=code(wanted.name), words=words, since=since))


@operation("unalias", needs=Permission.HELP, effect=Effect.READ, examples=("unalias ship",))
async def unalias(args: Unalias, ctx: Context) -> Reply:
    """Forget a word that stood for a command."""
    return await _removed(args.name.lower(), ctx)


async def _all(ctx: Context) -> Reply:
    mine = listed(await ctx.aliases.of(ctx.actor))
    if not mine:
        how = code(f"{ctx.command} alias ship = build create web -b main")
        return Reply(text=md("You have no aliases. Make one: {how}", how=how))
    rows = tuple((code(name), code(words)) for name, words in mine)
    caption = f"Your aliases: {len(mine)} of at most {MOST}, each of at most {LONGEST} characters"
    return Reply(table=Table(("Alias", "Stands for"), rows, caption))


async def _one(name: str, ctx: Context) -> Reply:
    mine = await ctx.aliases.of(ctx.actor)
    if name not in mine:
        raise _unknown(name, mine, ctx)
    return Reply(text=md("{name} stands for {words}.", name=code(name), words=code(normalise(mine[name]))))


async def _removed(name: str, ctx: Context) -> Reply:
    mine = await ctx.aliases.of(ctx.actor)
    if not await ctx.aliases.drop(ctx.actor, name):
        raise _unknown(name, mine, ctx)
    again = code(f"{ctx.command} alias {name} = {normalise(mine.get(name, ''))}")
    return Reply(text=md("{name} stands for nothing any more. Again: {again}", name=code(name), again=again))


def _unknown(name: str, mine: Mapping[str, str], ctx: Context) -> UsageError:
    hint = suggest(name, mine) or f"See `{ctx.command} alias`."
    return UsageError(f"You have no alias `{quote_word(name)}`.", hint, "name")
