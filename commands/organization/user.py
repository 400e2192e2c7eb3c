"""Command that shows the Buildkite user whose token is in use."""

from __future__ import annotations

from dataclasses import dataclass

from bot.buildkite.endpoints.organization import OrganizationCalls
from bot.execution.context import Caller
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import bold, code, md
from commands.organization.results import BuildkiteUser


@dataclass(frozen=True)
class UserContext:
    """The person, and the Buildkite user of the token in use."""

    caller: Caller
    organizations: OrganizationCalls


@operation(
    "admin user",
    former=("user",),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_user",),
    examples=("admin user",),
)
async def user(_: NoArgs, ctx: UserContext) -> Reply[BuildkiteUser]:
    """Show the Buildkite user whose token is in use: yours if connected, otherwise the bot's."""
    found = await ctx.organizations.user()
    name = bold(found.name or found.email or "an unnamed user")
    connect = code(f"{ctx.caller.command} connect")
    if ctx.caller.account:
        text = md("You act in Buildkite as {name}, with your own token.", name=name)
    else:
        text = md(
            "I act for you in Buildkite as {name}. To act as yourself, use {connect}.", name=name, connect=connect
        )
    facts = {"E-mail": found.email or "", "Id": code(found.id) if found.id else ""}
    data = BuildkiteUser(
        message=text, id=found.id, name=found.name, email=found.email, is_own=ctx.caller.account is not None
    )
    return Reply(data=data, text=text, fields=tuple((label, value) for label, value in facts.items() if value))
