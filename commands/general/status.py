"""How the bot itself is doing."""

from __future__ import annotations

from datetime import datetime

from bot.execution.bot_status import BotStatus
from bot.execution.context import Context
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, when


@operation("status", needs=Permission.READ, effect=Effect.READ, examples=("status",))
async def status(_args: NoArgs, ctx: Context) -> Reply:
    """How the bot itself is doing: webhooks, budget, what waits, who writes."""
    found = await ctx.condition.status()
    return Reply(title="How I am doing", fields=tuple(fields(found)), footer="; ".join(found.reasons))


def fields(found: BotStatus) -> list[tuple[str, str]]:
    """Label and words, most important first."""
    left, limit = found.budget.remaining, found.budget.limit
    budget = f"{left} of {limit} requests left this minute"
    return [
        ("Writes to Buildkite", f"stopped by {found.readonly_by}" if found.readonly_by else "allowed"),
        ("Last webhook", _at(found.webhook_at, "none seen yet: builds are followed by reading")),
        ("Buildkite budget", f"{budget}; held for {found.budget.held:.0f} s" if found.budget.held else budget),
        ("Inbox", _queue(found.inbox, found.inbox_since)),
        ("Set aside", str(found.aside) if found.aside else "nothing"),
        ("Builds followed", f"{found.followed}, {found.doubtful} in doubt"),
        ("Messages behind", _queue(found.cards_due, found.cards_since)),
        ("Requests in doubt", str(found.in_doubt) if found.in_doubt else "none"),
        ("Writer", found.writer),
    ]


def _queue(waiting: int, since: datetime | None) -> str:
    if not waiting or since is None:
        return "empty"
    return Mrkdwn(f"{waiting} waiting, the oldest since {when(since)}")


def _at(moment: datetime | None, otherwise: str) -> str:
    return when(moment, "{date_short_pretty} at {time_secs}") if moment else otherwise
