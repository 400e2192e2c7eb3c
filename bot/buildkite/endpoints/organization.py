"""Calls for the token and the organization: teams, members, templates, rules and emoji."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from pydantic import BeforeValidator

from bot.buildkite.models import AnyPerson, Moment, Person, Vendor
from bot.buildkite.resources import AccessToken, Member, Meta, Organization
from bot.buildkite.response_parsing import parse_value, read_items
from bot.buildkite.transport import ApiRequest, Calls


class OrganizationCalls(Calls):
    """Reads the token, its user and organizations; revokes the token."""

    async def access_token(self) -> AccessToken:
        """Read the token and its scopes. https://buildkite.com/docs/apis/rest-api/access-token"""
        return await self.read_object("access-token", "access token", AccessToken)

    async def revoke_access_token(self) -> None:
        """Revoke the token that this request is made with; no request works afterwards.

        https://buildkite.com/docs/apis/rest-api/access-token#revoke-the-current-token
        """
        await self.requests.send(ApiRequest("DELETE", "access-token", "access token"))

    async def user(self) -> Person:
        """Read the token's user. https://buildkite.com/docs/apis/rest-api/user"""
        return await self.read_object("user", "user", Person)

    async def meta(self) -> Meta:
        """Read the addresses that webhooks come from. https://buildkite.com/docs/apis/rest-api/meta"""
        return await self.read_object("meta", "meta information", Meta)

    def organizations(self) -> AsyncIterator[Organization]:
        """Yield the token's organizations. https://buildkite.com/docs/apis/rest-api/organizations#list-organizations"""
        return self.read_all("organizations", "organizations", Organization)

    async def get_organization(self) -> Organization:
        """Read the organization. https://buildkite.com/docs/apis/rest-api/organizations#get-an-organization"""
        return await self.read_object(self.format_path(), f"organization {self.organization}", Organization)

    async def members(self) -> tuple[Member, ...]:
        """Return all members of the organization; raise Refused without permission to view teams.

        https://buildkite.com/docs/apis/rest-api/organizations/members (one array, not paginated)
        """
        response = await self.requests.send(ApiRequest("GET", self.format_path("members"), "members"))
        return tuple(parse_value(Member, value, sent=False) for value in read_items(response))


class Team(Vendor):
    """A team; `privacy` is visible or secret. New members join every `default` team.

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
    """Reads teams; every call raises Refused without the read_teams scope."""

    def teams(self, user_id: str | None = None) -> AsyncIterator[Team]:
        """Yield all teams, or those of one user (UUID).

        https://buildkite.com/docs/apis/rest-api/teams#list-teams
        """
        params = [("user_id", user_id)] if user_id else []
        return self.read_all(self.format_path("teams"), "teams", Team, params)

    async def team(self, team: str) -> Team:
        """Read one team by its UUID. https://buildkite.com/docs/apis/rest-api/teams#get-a-team"""
        return await self.read_object(self.format_path("teams", team), f"team {team}", Team)


class PipelineTemplate(Vendor):
    """Steps shared by pipelines; `available` to everyone or only to admins. `configuration` is YAML.

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
    """Reads pipeline templates, a feature of the Enterprise plan; needs the read_pipeline_templates scope."""

    def templates(self) -> AsyncIterator[PipelineTemplate]:
        """Yield all templates.

        https://buildkite.com/docs/apis/rest-api/pipeline-templates#list-pipeline-templates
        """
        return self.read_all(self.format_path("pipeline-templates"), "pipeline templates", PipelineTemplate)

    async def template(self, uuid: str) -> PipelineTemplate:
        """Read one template by its UUID.

        https://buildkite.com/docs/apis/rest-api/pipeline-templates#get-a-pipeline-template
        """
        return await self.read_object(
            self.format_path("pipeline-templates", uuid), f"template {uuid}", PipelineTemplate
        )


class Rule(Vendor):
    """A rule that lets one pipeline act on another across clusters and visibilities.

    `type` is `pipeline.trigger_build.pipeline` or `pipeline.artifacts_read.pipeline`; `effect` is allow; source
    and target UUIDs are of pipelines. https://buildkite.com/docs/apis/rest-api/rules#rules-data-model
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
    """Reads the organization's rules; needs the read_rules scope."""

    def rules(self) -> AsyncIterator[Rule]:
        """Yield all rules. https://buildkite.com/docs/apis/rest-api/rules#list-rules"""
        return self.read_all(self.format_path("rules"), "rules", Rule)

    async def rule(self, uuid: str) -> Rule:
        """Read one rule by its UUID. https://buildkite.com/docs/apis/rest-api/rules#get-a-rule"""
        return await self.read_object(self.format_path("rules", uuid), f"rule {uuid}", Rule)


def _replace_null(value: object) -> object:
    return value or ()


class Emoji(Vendor):
    """An emoji; `name` and `aliases` have no colons, and `url` is its image.

    https://buildkite.com/docs/apis/rest-api/emojis#list-emojis
    """

    name: str
    url: str = ""
    aliases: Annotated[tuple[str, ...], BeforeValidator(_replace_null)] = ()


class EmojiCalls(Calls):
    """Reads the emoji that build messages and labels may use."""

    async def emojis(self) -> tuple[Emoji, ...]:
        """Return all emoji, including the standard ones (one array, not paginated).

        https://buildkite.com/docs/apis/rest-api/emojis#list-emojis
        """
        response = await self.requests.send(ApiRequest("GET", self.format_path("emojis"), "emojis"))
        return tuple(parse_value(Emoji, value, sent=False) for value in read_items(response))
