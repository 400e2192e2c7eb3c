"""Command that shows a person's identity and permissions."""

from __future__ import annotations

from dataclasses import dataclass

from bot.access.accounts.service import Accounts
from bot.access.policy.service import PolicyService
from bot.buildkite.endpoints.organization import OrganizationCalls
from bot.errors import KitestringError
from bot.execution.context import Caller
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md, mention


@dataclass(frozen=True)
class WhoamiContext:
    """The person, their account and their rights."""

    caller: Caller
    accounts: Accounts
    policy: PolicyService
    registry: Registry
    organizations: OrganizationCalls


@operation("whoami", needs=Permission.HELP, effect=Effect.READS, examples=("whoami",))
async def whoami(args: NoArgs, ctx: WhoamiContext) -> Reply:  # noqa: ARG001
    """Show your identity and permissions."""
    actor = ctx.caller.actor
    facts = {
        "You": mention(actor.id),
        "In this workspace": actor.standing.value,
        "E-mail": actor.email or "unknown",
        "Buildkite organization": code(ctx.organizations.organization),
        "I act in Buildkite as": await _find_bot_user(ctx),
        "Your own token": await _describe_own_token(ctx),
        "You may": _summarise_rights(ctx),
    }
    return Reply(text=md("You are {name}.", name=actor.name), fields=tuple(facts.items()))


def _summarise_rights(ctx: WhoamiContext) -> Mrkdwn:
    """Return the permissions that the person has on something, and those that they have on nothing."""
    needed = {op.needs for op in ctx.registry} - {Permission.HELP}
    granted = {ctx.registry[name].needs for name in ctx.policy.list_allowed(ctx.caller.actor)}
    has = ", ".join(permission for permission in Permission if permission in needed & granted)
    lacks = ", ".join(permission for permission in Permission if permission in needed - granted)
    not_granted = f"; not: {lacks}" if lacks else ""
    every = code(f"{ctx.caller.command} help more")
    return md("{has}{lacks} (every command: {every})", has=has or "nothing here", lacks=not_granted, every=every)


async def _describe_own_token(ctx: WhoamiContext) -> str:
    account = await ctx.accounts.find(ctx.caller.actor.team, ctx.caller.actor.id)
    if account is None:
        return md("not connected ({connect})", connect=code(f"{ctx.caller.command} connect"))
    return md(
        "connected as {who} since {since}{until}; scopes: {scopes}",
        who=account.display_name or "an unnamed user",
        since=local_time(account.connected_at, "{date_short_pretty} {time}"),
        until=md(", expires {moment}", moment=local_time(account.expires_at, "{date_short_pretty} {time}"))
        if account.expires_at
        else "",
        scopes=", ".join(account.scopes) or "none",
    )


async def _find_bot_user(ctx: WhoamiContext) -> str:
    try:
        user = (await ctx.organizations.access_token()).user
    except KitestringError as error:
        return f"unknown ({error.message})"
    return (user.name or user.email or "unknown") if user else "unknown"
