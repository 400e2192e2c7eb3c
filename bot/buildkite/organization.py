"""The calls about the token and the organization."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.buildkite.request import Ask, Calls, items, read
from bot.buildkite.resources import Member, Meta, Organization
from bot.model import AccessToken, Person


class OrganizationCalls(Calls):
    """Reads who we are, and where we are."""

    async def access_token(self) -> AccessToken:
        """What the token may do. https://buildkite.com/docs/apis/rest-api/access-token"""
        return await self.get("access-token", "access token", AccessToken)

    async def revoke_access_token(self) -> None:
        """End the token that this very request is made with: nothing can be asked afterwards.

        https://buildkite.com/docs/apis/rest-api/access-token#revoke-the-current-token
        """
        await self.requests.send(Ask("DELETE", "access-token", "access token"))

    async def user(self) -> Person:
        """Whose token it is. https://buildkite.com/docs/apis/rest-api/user"""
        return await self.get("user", "user", Person)

    async def meta(self) -> Meta:
        """Where webhooks come from. https://buildkite.com/docs/apis/rest-api/meta"""
        return await self.get("meta", "meta information", Meta)

    def organizations(self) -> AsyncIterator[Organization]:
        """Those that the token may use. https://buildkite.com/docs/apis/rest-api/organizations#list-organizations"""
        return self.paged("organizations", "organizations", Organization)

    async def organization_(self) -> Organization:
        """https://buildkite.com/docs/apis/rest-api/organizations#get-an-organization"""
        return await self.get(self.path(), f"organization {self.organization}", Organization)

    async def members(self) -> tuple[Member, ...]:
        """Everybody in the organization; raises Refused without permission to view teams.

        https://buildkite.com/docs/apis/rest-api/organizations/members (one array, no pages)
        """
        response = await self.requests.send(Ask("GET", self.path("members"), "members"))
        return tuple(read(Member, item, sent=False) for item in items(response))
