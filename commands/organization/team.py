"""Teams at Buildkite."""

from __future__ import annotations

from bot.buildkite.endpoints.organization import Team
from bot.execution.context import Context
from bot.operations.operation import Effect, NoArgs, Permission, operation
from bot.operations.reply import Reply
from bot.slack.blockkit.blocks import shorten
from bot.slack.blockkit.tables import Table


@operation("team list", needs=Permission.READ, effect=Effect.READ, examples=("team list",))
async def list_(_: NoArgs, ctx: Context) -> Reply:
    """List Buildkite's teams; secret ones only to those who see them with a token of their own."""
    teams = [found async for found in ctx.buildkite.teams()]
    seen = [team for team in teams if ctx.account or team.privacy != "secret"]
    rows = tuple(_row(team) for team in sorted(seen, key=lambda team: team.name.lower()))
    count = "1 team" if len(rows) == 1 else f"{len(rows)} teams"
    table = Table(("Team", "Slug", "Privacy", "Default", "Description"), rows, count, empty="There are no teams.")
    return Reply(table=table, footer=_hidden(len(teams) - len(seen), ctx))


def _row(team: Team) -> tuple[str, ...]:
    default = "yes" if team.default else ""
    return team.name, team.slug, team.privacy or "", default, shorten(team.description or "", 200)


def _hidden(count: int, ctx: Context) -> str:
    """My own token may see what the one who asks may not."""
    if not count:
        return ""
    said = "1 secret team is" if count == 1 else f"{count} secret teams are"
    return f"{said} left out: connect a token of your own ({ctx.command} connect) to see those that you may see."
