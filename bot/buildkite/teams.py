"""The calls about teams. https://buildkite.com/docs/apis/rest-api/teams"""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.buildkite.request import Calls
from bot.model import AnyPerson, Moment, Vendor


class Team(Vendor):
    """`privacy` is visible or secret; everybody new is put into a `default` one.

    https://buildkite.com/docs/apis/rest-api/teams#team-data-model
    """

    id: str
    name: str
    slug: str = ""
    description: str | None = None
    privacy: str | None = None
    default: bool = False
    created_at: Moment | None = None
    created_by: AnyPerson = None


class TeamCalls(Calls):
    """Reads teams; every call raises Refused without the scope read_teams."""

    def teams(self, user_id: str | None = None) -> AsyncIterator[Team]:
        """Teams, those of one user (by UUID) where one is named.

        https://buildkite.com/docs/apis/rest-api/teams#list-teams
        """
        params = [("user_id", user_id)] if user_id else []
        return self.paged(self.path("teams"), "teams", Team, params)

    async def team(self, team: str) -> Team:
        """One team, by its UUID. https://buildkite.com/docs/apis/rest-api/teams#get-a-team"""
        return await self.get(self.path("teams", team), f"team {team}", Team)
