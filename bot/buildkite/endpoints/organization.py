"""The calls about the token and the organization."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated, Any

from pydantic import BeforeValidator

from bot.buildkite.models import AccessToken, AnyPerson, Moment, Person, Vendor
from bot.buildkite.resources import Member, Meta, Organization
from bot.buildkite.transport import Ask, Calls, items, read


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


class PipelineTemplate(Vendor):
    """Steps that pipelines share; `available`: to everybody, not to admins alone; `configuration` is YAML.

    https://buildkite.com/docs/apis/rest-api/pipeline-templates#pipeline-template-data-model
    """

    uuid: str
    name: str
    description: str | None = None
    configuration: str | None = None
    available: bool = False
    web_url: str = ""
    created_at: Moment | None = None
    created_by: AnyPerson = None
    updated_at: Moment | None = None
    updated_by: AnyPerson = None


class TemplateCalls(Calls):
    """Reads pipeline templates, a feature of the Enterprise plan; needs the scope read_pipeline_templates."""

    def templates(self) -> AsyncIterator[PipelineTemplate]:
        """https://buildkite.com/docs/apis/rest-api/pipeline-templates#list-pipeline-templates"""
        return self.paged(self.path("pipeline-templates"), "pipeline templates", PipelineTemplate)

    async def template(self, uuid: str) -> PipelineTemplate:
        """https://buildkite.com/docs/apis/rest-api/pipeline-templates#get-a-pipeline-template"""
        return await self.get(self.path("pipeline-templates", uuid), f"template {uuid}", PipelineTemplate)


class Rule(Vendor):
    """What one pipeline may do to another across clusters and visibilities.

    `type` is `pipeline.trigger_build.pipeline` or `pipeline.artifacts_read.pipeline`; `effect` is allow; the
    UUIDs are of pipelines. https://buildkite.com/docs/apis/rest-api/rules#rules-data-model
    """

    uuid: str
    type: str = ""
    source_type: str | None = None
    source_uuid: str | None = None
    target_type: str | None = None
    target_uuid: str | None = None
    effect: str | None = None
    action: str | None = None
    description: str | None = None
    created_at: Moment | None = None
    created_by: AnyPerson = None


class RuleCalls(Calls):
    """Reads the organization's rules; needs the scope read_rules."""

    def rules(self) -> AsyncIterator[Rule]:
        """https://buildkite.com/docs/apis/rest-api/rules#list-rules"""
        return self.paged(self.path("rules"), "rules", Rule)

    async def rule(self, uuid: str) -> Rule:
        """https://buildkite.com/docs/apis/rest-api/rules#get-a-rule"""
        return await self.get(self.path("rules", uuid), f"rule {uuid}", Rule)


def _names(value: Any) -> Any:
    return value or ()


class Emoji(Vendor):
    """`name` and `aliases` are without colons; `url` leads to a picture.

    https://buildkite.com/docs/apis/rest-api/emojis#list-emojis
    """

    name: str
    url: str = ""
    aliases: Annotated[tuple[str, ...], BeforeValidator(_names)] = ()


class EmojiCalls(Calls):
    """Reads the emoji that build messages and labels may use."""

    async def emojis(self) -> tuple[Emoji, ...]:
        """All of them, the well-known ones included: one array, no pages.

        https://buildkite.com/docs/apis/rest-api/emojis#list-emojis
        """
        response = await self.requests.send(Ask("GET", self.path("emojis"), "emojis"))
        return tuple(read(Emoji, item, sent=False) for item in items(response))
