"""Commands that list the visible Buildkite organizations and show the one in use."""

from __future__ import annotations

from dataclasses import dataclass

from bot.buildkite.endpoints.organization import OrganizationCalls
from bot.buildkite.resources import Organization
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.data_tables import Table
from bot.slack.blockkit.mrkdwn import code, link, local_time, md
from commands.organization.results import OrganizationData, OrganizationList, OrganizationResult


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
async def list_(_: NoArgs, ctx: OrganizationContext) -> Reply[OrganizationList]:
    """List the Buildkite organizations visible to the token in use."""
    found = [organization async for organization in ctx.organizations.organizations()]
    listed = tuple(_describe(organization, ctx) for organization in sorted(found, key=lambda item: item.slug))
    rows = tuple(map(_render_row, listed))
    count = "1 organization" if len(rows) == 1 else f"{len(rows)} organizations"
    empty = "The token can't see any organization."
    table = Table(("Organization", "Slug", "In use", "Since"), rows, count, empty=empty)
    return Reply(data=OrganizationList(message=table.summary, organizations=listed), table=table)


def _describe(organization: Organization, ctx: OrganizationContext) -> OrganizationData:
    return OrganizationData.from_organization(organization, ctx.organizations.organization)


def _render_row(organization: OrganizationData) -> tuple[str, ...]:
    since = local_time(organization.created_at, "{date_short_pretty}") if organization.created_at else ""
    in_use = "yes" if organization.is_in_use else ""
    return link(organization.url, organization.name), organization.slug, in_use, since


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
async def view(_: NoArgs, ctx: OrganizationContext) -> Reply[OrganizationResult]:
    """Show the Buildkite organization this bot works in."""
    organization = _describe(await ctx.organizations.get_organization(), ctx)
    since = local_time(organization.created_at, "{date_short_pretty} {time}") if organization.created_at else ""
    facts = {"Slug": code(organization.slug), "Since": since, "Id": code(organization.id)}
    text = md("I work in {name}.", name=link(organization.url, organization.name))
    data = OrganizationResult(message=text, organization=organization)
    return Reply(data=data, text=text, fields=tuple((label, value) for label, value in facts.items() if value))
