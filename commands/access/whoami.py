"""Command that shows a person's identity and permissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.access.accounts.model import Account
from bot.access.accounts.service import Accounts
from bot.access.policy.service import PolicyService
from bot.buildkite.endpoints.organization import OrganizationCalls
from bot.errors import KitestringError
from bot.execution.context import Caller
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.registry import Registry
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md, mention
from commands.access.results import AccountData, WhoamiResult


@dataclass(frozen=True)
class WhoamiContext:
    """The person, their account and their rights."""

    caller: Caller
    accounts: Accounts
    policy: PolicyService
    registry: Registry
    organizations: OrganizationCalls


@operation("whoami", needs=Permission.HELP, effect=Effect.READS, examples=("whoami",))
async def whoami(args: NoArgs, ctx: WhoamiContext) -> Reply[WhoamiResult]:  # noqa: ARG001
    """Show your identity and permissions."""
    actor, buildkite_user = ctx.caller.actor, await _find_bot_user(ctx)
    account = await ctx.accounts.find(actor.team, actor.id)
    granted, missing = _split_rights(ctx)
    text = md("You are {name}.", name=actor.name)
    facts = {
        "You": mention(actor.id),
        "In this workspace": actor.standing.value,
        "E-mail": actor.email or "unknown",
        "Buildkite organization": code(ctx.organizations.organization),
        "I act in Buildkite as": buildkite_user,
        "Your own token": _describe_own_token(account, ctx),
        "You may": _summarise_rights(granted, missing, ctx),
    }
    data = WhoamiResult(
        message=text,
        user=actor.id,
        name=actor.name,
        standing=actor.standing.value,
        email=actor.email or None,
        organization=ctx.organizations.organization,
        buildkite_user=buildkite_user,
        account=AccountData.from_account(account) if account else None,
        permissions=granted,
        missing_permissions=missing,
    )
    return Reply(data=data, text=text, fields=tuple(facts.items()))


def _split_rights(ctx: WhoamiContext) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the permissions that the person has on something, and those that they have on nothing."""
    needed = {op.needs for op in ctx.registry} - {Permission.HELP}
    granted = {ctx.registry[name].needs for name in ctx.policy.list_allowed(ctx.caller.actor)}
    has = tuple(permission.value for permission in Permission if permission in needed & granted)
    return has, tuple(permission.value for permission in Permission if permission in needed - granted)


def _summarise_rights(granted: Sequence[str], missing: Sequence[str], ctx: WhoamiContext) -> Mrkdwn:
    has, lacks = ", ".join(granted) or "nothing here", f"; not: {', '.join(missing)}" if missing else ""
    every = code(f"{ctx.caller.command} help more")
    return md("{has}{lacks} (every command: {every})", has=has, lacks=lacks, every=every)


def _describe_own_token(account: Account | None, ctx: WhoamiContext) -> str:
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
