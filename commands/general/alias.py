"""Commands that create, list and remove personal aliases."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.errors import UsageError
from bot.execution.alias_rules import (
    ALIASES_LIMIT,
    EXPANSION_LIMIT,
    check_alias,
    format_expansion,
    parse_alias_request,
    sort_aliases,
)
from bot.execution.aliases import Aliases
from bot.execution.context import Caller
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.runtime.wording import quote_word, suggest
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md
from commands.general.results import AliasData, AliasList


class AliasArgs(Args):
    """Arguments of `alias`; without any, the aliases are listed."""

    words: Annotated[
        str | None,
        Opt(
            value="name = command",
            positional=True,
            takes_rest=True,
            in_form=False,
            hint="ship = build create deploy-prod -b main",
        ),
        Field(max_length=2000, description="Alias = command"),
    ] = None


class UnaliasArgs(Args):
    """Arguments of `unalias`."""

    name: Annotated[str, Opt(positional=True, hint="ship"), Field(max_length=60, description="Alias")]


@dataclass(frozen=True)
class AliasContext:
    """The person, their aliases, and the commands that these stand for."""

    caller: Caller
    aliases: Aliases
    registry: Registry


async def _probe_alias(args: AliasArgs, ctx: AliasContext) -> Reply[AliasList] | None:
    """Return the answer of `alias --remove` if there is no such alias; None for what may be done again."""
    with suppress(UsageError):
        wanted = parse_alias_request(args.words or "")
        return await _probe_removal(wanted.name, ctx) if wanted.remove else None
    return None


async def _probe_unalias(args: UnaliasArgs, ctx: AliasContext) -> Reply[AliasList] | None:
    """Return the answer of `unalias` if there is no such alias, else None."""
    return await _probe_removal(args.name.lower(), ctx)


async def _probe_removal(name: str, ctx: AliasContext) -> Reply[AliasList] | None:
    mine = await ctx.aliases.find_all(ctx.caller.actor)
    return None if name in mine else _reply(md("Removed alias {name}.", name=code(name)))


def _reply(text: Mrkdwn, *aliases: tuple[str, str]) -> Reply[AliasList]:
    """Return the answer about aliases, given as names and what they stand for."""
    return Reply(data=_describe_aliases(text, aliases), text=text)


def _describe_aliases(message: str, aliases: Iterable[tuple[str, str]]) -> AliasList:
    described = tuple(AliasData(name=name, command=words) for name, words in aliases)
    return AliasList(message=message, aliases=described)


@operation(
    "alias",
    needs=Permission.HELP,
    token_callable=False,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    probe=_probe_alias,
    examples=("alias ship = build create deploy-prod -b main", "alias", "alias ship", "alias --remove ship"),
)
async def alias(args: AliasArgs, ctx: AliasContext) -> Reply[AliasList]:
    """Create a personal alias for a command. Extra words are appended."""
    if not args.words:
        return await _reply_all(ctx)
    wanted = parse_alias_request(args.words)
    if wanted.remove:
        return await _remove(wanted.name, ctx)
    if not wanted.expansion:
        return await _reply_alias(wanted.name, ctx)
    check_alias(wanted, ctx.registry, ctx.caller.command)
    new = await ctx.aliases.define(ctx.caller.actor, wanted.name, wanted.expansion)
    action = "Created your personal" if new else "Changed"
    words = format_expansion(wanted.expansion, ctx.registry)
    text = md("{action} alias {name}: {words}", action=action, name=code(wanted.name), words=code(words))
    return _reply(text, (wanted.name, words))


@operation(
    "unalias",
    needs=Permission.HELP,
    token_callable=False,
    effect=Effect.CHANGES_STATE,
    repeatable=True,
    probe=_probe_unalias,
    examples=("unalias ship",),
)
async def unalias(args: UnaliasArgs, ctx: AliasContext) -> Reply[AliasList]:
    """Remove a personal alias."""
    return await _remove(args.name.lower(), ctx)


async def _reply_all(ctx: AliasContext) -> Reply[AliasList]:
    mine = sort_aliases(await ctx.aliases.find_all(ctx.caller.actor), ctx.registry)
    if not mine:
        how = code(f"{ctx.caller.command} alias ship = build create web -b main")
        return _reply(md("You have no aliases. Create one: {how}", how=how))
    rows = tuple((code(name), code(words)) for name, words in mine)
    caption = f"Your aliases: {len(mine)} of up to {ALIASES_LIMIT}, each up to {EXPANSION_LIMIT} characters long"
    return Reply(data=_describe_aliases(caption, mine), table=Table(("Alias", "Command"), rows, caption))


async def _reply_alias(name: str, ctx: AliasContext) -> Reply[AliasList]:
    mine = await ctx.aliases.find_all(ctx.caller.actor)
    if name not in mine:
        raise _make_unknown_error(name, mine, ctx)
    words = format_expansion(mine[name], ctx.registry)
    return _reply(md("{name} runs {words}.", name=code(name), words=code(words)), (name, words))


async def _remove(name: str, ctx: AliasContext) -> Reply[AliasList]:
    mine = await ctx.aliases.find_all(ctx.caller.actor)
    if not await ctx.aliases.remove(ctx.caller.actor, name):
        raise _make_unknown_error(name, mine, ctx)
    words = format_expansion(mine.get(name, ""), ctx.registry)
    again = code(f"{ctx.caller.command} alias {name} = {words}")
    return _reply(md("Removed alias {name}. To restore it: {again}", name=code(name), again=again), (name, words))


def _make_unknown_error(name: str, mine: Mapping[str, str], ctx: AliasContext) -> UsageError:
    hint = suggest(name, mine) or f"See `{ctx.caller.command} alias`."
    return UsageError(f"You have no alias `{quote_word(name)}`.", hint, "name")
