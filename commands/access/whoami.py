"""Command that shows a person's identity and permissions."""

from __future__ import annotations

from bot.errors import KitestringError
from bot.execution.context import Context
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import code, local_time, md, mention


@operation("whoami", needs=Permission.HELP, effect=Effect.READS, examples=("whoami",))
async def whoami(args: NoArgs, ctx: Context) -> Reply:  # noqa: ARG001
    """Show your identity and permissions."""
    actor = ctx.actor
    may = ", ".join(op.name for op in ctx.registry if ctx.is_allowed(op)) or "nothing here"
    facts = {
        "You": mention(actor.id),
        "In this workspace": actor.standing.value,
        "E-mail": actor.email or "unknown",
        "Buildkite organization": code(ctx.buildkite.organization),
        "I act in Buildkite as": await _find_bot_user(ctx),
        "Your own token": await _describe_own_token(ctx),
        "You may": may,
    }
    return Reply(text=md("You are {name}.", name=actor.name), fields=tuple(facts.items()))


async def _describe_own_token(ctx: Context) -> str:
    account = await ctx.accounts.find(ctx.actor.team, ctx.actor.id)
    if account is None:
        return md("not connected ({connect})", connect=code(f"{ctx.command} connect"))
    return md(
        "connected as {who} since {since}{until}; scopes: {scopes}",
        who=account.display_name or "an unnamed user",
        since=local_time(account.connected_at, "{date_short_pretty} {time}"),
        until=md(", expires {moment}", moment=local_time(account.expires_at, "{date_short_pretty} {time}"))
        if account.expires_at
        else "",
        scopes=", ".join(account.scopes) or "none",
    )


async def _find_bot_user(ctx: Context) -> str:
    try:
        user = (await ctx.buildkite.access_token()).user
    except KitestringError as error:
        return f"unknown ({error.message})"
    return (user.name or user.email or "unknown") if user else "unknown"
