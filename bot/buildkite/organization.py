"""The calls about the token, the organization and its pipelines."""

from __future__ import annotations

from collections.abc import AsyncIterator

from bot.buildkite.request import Ask, Calls, items, read
from bot.buildkite.resources import Member, Meta, Organization
from bot.model import AccessToken, NotificationService, Person, Pipeline


class OrganizationCalls(Calls):
    """Reads who we are, where we are, and which pipelines there are."""

    async def access_token(self) -> AccessToken:
        """What the token may do. https://buildkite.com/docs/apis/rest-api/access-token"""
        return await self.get("access-token", "access token", AccessToken)

    async def user(self) -> Person:
        """Whose token it is. https://buildkite.com/docs/apis/rest-api/user"""
        return await self.get("user", "user", Person)

    async def meta(self) -> Meta:
        """Where webhooks come from. https://buildkite.com/docs/apis/rest-api/meta"""
        return await self.get("meta", "meta information", Meta)

    async def organization_(self) -> Organization:
        """https://buildkite.com/docs/apis/rest-api/organizations#get-an-organization"""
        return await self.get(self.path(), f"organization {self.organization}", Organization)

    def services(self) -> AsyncIterator[NotificationService]:
        """Outgoing webhooks and the like. https://buildkite.com/docs/apis/rest-api/notification-services"""
        return self.paged(self.path("services"), "notification services", NotificationService)

    async def members(self) -> tuple[Member, ...]:
        """Everybody in the organization; raises Refused without permission to view teams.

        https://buildkite.com/docs/apis/rest-api/organizations/members (one array, no pages)
        """
        response = await self.requests.send(Ask("GET", self.path("members"), "members"))
        return tuple(read(Member, item, sent=False) for item in items(response))

    def pipelines(self, name: str | None = None) -> AsyncIterator[Pipeline]:
        """Pipelines, those whose name contains `name`.

        https://buildkite.com/docs/apis/rest-api/pipelines#list-pipelines
        """
        params = [("name", name)] if name else []
        return self.paged(self.path("pipelines"), "pipelines", Pipeline, params)

    async def pipeline(self, slug: str) -> Pipeline:
        """One pipeline with its step configuration."""
        return await self.get(self.path("pipelines", slug), f"pipeline {slug}", Pipeline)
