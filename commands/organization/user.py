"""`user`: as whom Buildkite is asked."""

from __future__ import annotations

from bot.execution.context import Context
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import bold, code, md


@operation("user", needs=Permission.READ, effect=Effect.READ, examples=("user",))
async def user(_: NoArgs, ctx: Context) -> Reply:
    """Show the Buildkite user whose token is in use: yours if it is connected, mine otherwise."""
    found = await ctx.buildkite.user()
    name = bold(found.name or found.email or "somebody without a name")
    connect = code(f"{ctx.command} connect")
    if ctx.account:
        text = md("At Buildkite you act as {name}, with your own token.", name=name)
    else:
        text = md("At Buildkite I act for you as {name}; {connect} makes it you.", name=name, connect=connect)
    facts = {"E-mail": found.email or "", "Id": code(found.id) if found.id else ""}
    return Reply(text=text, fields=tuple((label, value) for label, value in facts.items() if value))
