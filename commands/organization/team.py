"""Command that lists Buildkite's teams."""

from __future__ import annotations

from dataclasses import dataclass

from bot.buildkite.endpoints.organization import TeamCalls
from bot.execution.context import Caller
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.data_tables import Table
from commands.organization.results import TeamData, TeamList


@dataclass(frozen=True)
class TeamContext:
    """The teams, and the person who sees them."""

    caller: Caller
    teams: TeamCalls


@operation(
    "admin team list",
    former=("team list",),
    needs=Permission.READ,
    effect=Effect.READS,
    scopes=("read_teams",),
    examples=("admin teams",),
)
async def list_(_: NoArgs, ctx: TeamContext) -> Reply[TeamList]:
    """List Buildkite teams. Secret teams are listed only with your own token."""
    teams = [found async for found in ctx.teams.teams()]
    seen = [team for team in teams if ctx.caller.account or team.privacy != "secret"]
    listed = tuple(map(TeamData.from_team, sorted(seen, key=lambda team: team.name.lower())))
    rows = tuple(map(_render_row, listed))
    count = "1 team" if len(rows) == 1 else f"{len(rows)} teams"
    table = Table(("Team", "Slug", "Privacy", "Default", "Description"), rows, count, empty="There are no teams.")
    data = TeamList(message=table.summary, teams=listed, hidden=len(teams) - len(seen))
    return Reply(data=data, table=table, footer=_describe_hidden(data.hidden, ctx))


def _render_row(team: TeamData) -> tuple[str, ...]:
    default = "yes" if team.is_default else ""
    return team.name, team.slug, team.privacy or "", default, shorten(team.description or "", 200)


def _describe_hidden(count: int, ctx: TeamContext) -> str:
    """Say how many secret teams are hidden: the bot's token may see teams that the person may not."""
    if not count:
        return ""
    hidden = "1 secret team is" if count == 1 else f"{count} secret teams are"
    return f"{hidden} hidden. Connect your own token ({ctx.caller.command} connect) to see the teams you may see."
