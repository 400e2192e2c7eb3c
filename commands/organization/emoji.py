"""The emoji that build messages and step labels may use."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bot.buildkite.endpoints.organization import Emoji
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.emoji_codes import character
from bot.slack.blockkit.mrkdwn import code, join
from bot.slack.blockkit.tables import Table

HINT = "Any part of a name or of another name for it will do."


class Listing(Args):
    """Which emoji to list."""

    name: Annotated[str | None, Opt(positional=True), Field(max_length=100, description="Part of the name")] = None
    custom: Annotated[bool, Opt(), Field(description="Only the organization's own")] = False


@operation(
    "emoji list", needs=Permission.READ, effect=Effect.READ, examples=("emoji list ship", "emoji list --custom")
)
async def list_(args: Listing, ctx: Context) -> Reply:
    """List the emoji that Buildkite knows in this organization."""
    found = [item for item in await ctx.buildkite.emojis() if _wanted(item, args)]
    rows = tuple(_row(item) for item in sorted(found, key=lambda item: item.name))
    caption = f"{len(rows)} emoji{_searched(args)}"
    empty = f"There are no emoji{_searched(args)}."
    hint = HINT if args.name else ""
    columns = ("Shown", "Code", "Also", "Kind")
    return Reply(table=Table(columns, rows, caption, noun="code", empty=empty, hint=hint, named_by=1))


def _wanted(emoji: Emoji, args: Listing) -> bool:
    part = (args.name or "").strip(":").lower()
    return any(part in name.lower() for name in (emoji.name, *emoji.aliases)) and (_own(emoji) or not args.custom)


def _own(emoji: Emoji) -> bool:
    """The well-known ones have their pictures below `unicode/`."""
    return "/unicode/" not in emoji.url


def _row(emoji: Emoji) -> tuple[str, ...]:
    also = join([code(f":{name}:") for name in emoji.aliases], " ")
    return character(emoji.url), code(f":{emoji.name}:"), also, "a picture" if _own(emoji) else "well-known"


def _searched(args: Listing) -> str:
    own = " of the organization's own" if args.custom else ""
    return f"{own} with “{args.name}” in the name" if args.name else own
