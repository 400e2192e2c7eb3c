"""Command that shows the Buildkite user whose token is in use."""

from __future__ import annotations

from bot.execution.context import Context
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import bold, code, md


@operation("user", needs=Permission.READ, effect=Effect.READS, scopes=("read_user",), examples=("user",))
async def user(_: NoArgs, ctx: Context) -> Reply:
    """Show the Buildkite user whose token is in use: yours if connected, otherwise the bot's."""
    found = await ctx.buildkite.user()
    name = bold(found.name or found.email or "an unnamed user")
    connect = code(f"{ctx.command} connect")
    if ctx.account:
        text = md("You act in Buildkite as {name}, with your own token.", name=name)
    else:
        text = md(
            "I act for you in Buildkite as {name}. To act as yourself, use {connect}.", name=name, connect=connect
        )
    facts = {"E-mail": found.email or "", "Id": code(found.id) if found.id else ""}
    return Reply(text=text, fields=tuple((label, value) for label, value in facts.items() if value))
