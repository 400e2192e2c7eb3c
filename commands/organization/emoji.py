"""Command that lists the emoji for build messages and step labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from bot.buildkite.endpoints.organization import EmojiCalls
from bot.operations.operation import Args, Effect, Opt, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.emoji_codes import find_character
from bot.slack.blockkit.mrkdwn import code, join
from commands.organization.results import EmojiData, EmojiList

HINT = "You can search by any part of a name or alias."


class EmojiListArgs(Args):
    """Arguments of `emoji list`."""

    name: Annotated[str | None, Opt(positional=True), Field(max_length=100, description="Name contains")] = None
    custom: Annotated[bool, Opt(), Field(description="Only custom emoji")] = False


@dataclass(frozen=True)
class EmojiContext:
    """The organization's emoji."""

    emojis: EmojiCalls


@operation(
    "admin emoji list",
    former=("emoji list",),
    needs=Permission.READ,
    effect=Effect.READS,
    examples=("admin emoji list ship", "admin emoji list --custom"),
)
async def list_(args: EmojiListArgs, ctx: EmojiContext) -> Reply[EmojiList]:
    """List the emoji available in this Buildkite organization."""
    known = map(EmojiData.from_emoji, await ctx.emojis.emojis())
    found = sorted((emoji for emoji in known if _matches(emoji, args)), key=lambda emoji: emoji.name)
    rows = tuple(map(_render_row, found))
    caption = f"{len(rows)} emoji{_describe_search(args)}"
    empty = f"There are no emoji{_describe_search(args)}."
    hint = HINT if args.name else ""
    columns = ("Emoji", "Code", "Aliases", "Kind")
    table = Table(columns, rows, caption, noun="code", empty=empty, hint=hint, named_by=1)
    return Reply(data=EmojiList(message=table.summary, emoji=tuple(found)), table=table)


def _matches(emoji: EmojiData, args: EmojiListArgs) -> bool:
    part = (args.name or "").strip(":").lower()
    return any(part in name.lower() for name in (emoji.name, *emoji.aliases)) and (
        emoji.is_custom or not args.custom
    )


def _render_row(emoji: EmojiData) -> tuple[str, ...]:
    also = join([code(f":{name}:") for name in emoji.aliases], " ")
    return find_character(emoji.url), code(f":{emoji.name}:"), also, "custom" if emoji.is_custom else "standard"


def _describe_search(args: EmojiListArgs) -> str:
    custom = " added by the organization" if args.custom else ""
    return f"{custom} with “{args.name}” in the name" if args.name else custom
