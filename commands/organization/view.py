"""Organizations at Buildkite: those that the token sees, and the one in use."""

from __future__ import annotations

from bot.buildkite.resources import Organization
from bot.execution.context import Context
from bot.operations.operation import Args, Effect, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.mrkdwn import code, link, md, when
from bot.slack.blockkit.tables import Table


class Nothing(Args):
    """No arguments."""


@operation("organization list", needs=Permission.READ, effect=Effect.READ, examples=("org list",))
async def list_(_: Nothing, ctx: Context) -> Reply:
    """List the organizations that the token in use may see."""
    found = [one async for one in ctx.buildkite.organizations()]
    rows = tuple(_row(one, ctx) for one in sorted(found, key=lambda one: one.slug))
    count = "1 organization" if len(rows) == 1 else f"{len(rows)} organizations"
    empty = "The token sees no organization."
    return Reply(table=Table(("Organization", "Slug", "In use", "Since"), rows, count, empty=empty))


def _row(one: Organization, ctx: Context) -> tuple[str, ...]:
    since = when(one.created_at, "{date_short_pretty}") if one.created_at else ""
    in_use = "yes" if one.slug == ctx.buildkite.organization else ""
    return link(one.web_url, one.name or one.slug), one.slug, in_use, since


@operation("organization view", needs=Permission.READ, effect=Effect.READ, examples=("org view",))
async def view(_: Nothing, ctx: Context) -> Reply:
    """Show the organization that I work in."""
    one = await ctx.buildkite.organization_()
    since = when(one.created_at, "{date_short_pretty} {time}") if one.created_at else ""
    facts = {"Slug": code(one.slug), "Since": since, "Id": code(one.id)}
    text = md("I work in {name}.", name=link(one.web_url, one.name or one.slug))
    return Reply(text=text, fields=tuple((label, value) for label, value in facts.items() if value))
