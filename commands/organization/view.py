"""Commands that list the visible Buildkite organizations and show the one in use."""

from __future__ import annotations

from dataclasses import dataclass

from bot.buildkite.endpoints.organization import OrganizationCalls
from bot.buildkite.resources import Organization
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import code, link, local_time, md


@dataclass(frozen=True)
class OrganizationContext:
    """The organizations that the token can see."""

    organizations: OrganizationCalls


@operation(
    "admin organization list",
    former=(
        "organization list",
        "org list",
        "org ls",
        "organization ls",
    ),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_organizations",),
    examples=("admin organizations",),
)
async def list_(_: NoArgs, ctx: OrganizationContext) -> Reply:
    """List the Buildkite organizations visible to the token in use."""
    found = [organization async for organization in ctx.organizations.organizations()]
    rows = tuple(_render_row(item, ctx) for item in sorted(found, key=lambda item: item.slug))
    count = "1 organization" if len(rows) == 1 else f"{len(rows)} organizations"
    empty = "The token can't see any organization."
    return Reply(table=Table(("Organization", "Slug", "In use", "Since"), rows, count, empty=empty))


def _render_row(organization: Organization, ctx: OrganizationContext) -> tuple[str, ...]:
    since = local_time(organization.created_at, "{date_short_pretty}") if organization.created_at else ""
    in_use = "yes" if organization.slug == ctx.organizations.organization else ""
    return link(organization.web_url, organization.name or organization.slug), organization.slug, in_use, since


@operation(
    "admin organization view",
    also=("admin organization", "admin org"),
    former=(
        "organization view",
        "org",
        "org view",
    ),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_organizations",),
    examples=("admin organization view",),
)
async def view(_: NoArgs, ctx: OrganizationContext) -> Reply:
    """Show the Buildkite organization this bot works in."""
    organization = await ctx.organizations.get_organization()
    since = local_time(organization.created_at, "{date_short_pretty} {time}") if organization.created_at else ""
    facts = {"Slug": code(organization.slug), "Since": since, "Id": code(organization.id)}
    text = md("I work in {name}.", name=link(organization.web_url, organization.name or organization.slug))
    return Reply(text=text, fields=tuple((label, value) for label, value in facts.items() if value))
