"""Results about the organization in Buildkite."""

from __future__ import annotations

from collections.abc import Mapping

from bot.buildkite.endpoints.clusters import AgentToken
from bot.buildkite.endpoints.organization import Emoji, PipelineTemplate, Rule, Team
from bot.buildkite.resources import AccessToken, NotificationService, Organization
from bot.buildkite.webhook_registration import SetUpAction, redact_url
from bot.operations.results import Data, Result, UtcTime


class EmojiData(Data, frozen=True):
    """An emoji; `url` is its image, and `is_custom` says that it's the organization's own."""

    name: str
    aliases: tuple[str, ...]
    url: str
    is_custom: bool

    @classmethod
    def from_emoji(cls, emoji: Emoji) -> EmojiData:
        # Standard emoji have their pictures below `unicode/`.
        return cls(name=emoji.name, aliases=emoji.aliases, url=emoji.url, is_custom="/unicode/" not in emoji.url)


class EmojiList(Result, frozen=True):
    """Emoji for build messages and step labels."""

    emoji: tuple[EmojiData, ...]


class WebhookAddresses(Result, frozen=True):
    """Addresses that Buildkite sends webhooks from, and those that the bot admits: None where it admits any."""

    addresses: tuple[str, ...]
    admitted: tuple[str, ...] | None


class RuleData(Data, frozen=True):
    """A rule that lets a pipeline act on another; a pipeline that can't be seen is named by its id."""

    id: str
    type: str
    source: str
    target: str
    created_at: UtcTime | None

    @classmethod
    def from_rule(cls, rule: Rule, slugs: Mapping[str, str]) -> RuleData:
        source, target = (slugs.get(uuid or "", uuid or "") for uuid in (rule.source_uuid, rule.target_uuid))
        return cls(id=rule.uuid, type=rule.type, source=source, target=target, created_at=rule.created_at)


class RuleList(Result, frozen=True):
    """The rules between pipelines."""

    rules: tuple[RuleData, ...]


class ServiceData(Data, frozen=True):
    """A notification service, without its settings; `url` is a webhook's, without what may be secret in it."""

    id: str
    name: str
    description: str | None
    url: str | None
    is_enabled: bool
    is_own: bool

    @classmethod
    def from_service(cls, service: NotificationService, *, is_own: bool) -> ServiceData:
        return cls(
            id=service.id,
            name=str(service.provider.get("name") or service.provider.get("id") or ""),
            description=service.description,
            url=redact_url(service.webhook_url) if service.webhook_url else None,
            is_enabled=service.enabled,
            is_own=is_own,
        )


class ServiceList(Result, frozen=True):
    """The notification services."""

    services: tuple[ServiceData, ...]


class ServiceResult(Result, frozen=True):
    """The webhook to the bot: it was created, repaired of its `problems`, or found to be right."""

    service: ServiceData
    action: SetUpAction
    problems: tuple[str, ...]


class RemovedService(Result, frozen=True):
    """The id of a notification service that was removed."""

    service: str


class TeamData(Data, frozen=True):
    """A team; new members join every default team."""

    id: str
    name: str
    slug: str
    privacy: str | None
    is_default: bool
    description: str | None

    @classmethod
    def from_team(cls, team: Team) -> TeamData:
        return cls(
            id=team.id,
            name=team.name,
            slug=team.slug,
            privacy=team.privacy,
            is_default=team.default,
            description=team.description,
        )


class TeamList(Result, frozen=True):
    """The teams; `hidden` counts secret ones that are left out."""

    teams: tuple[TeamData, ...]
    hidden: int


class TemplateData(Data, frozen=True):
    """A pipeline template; it's for everyone or only for admins."""

    id: str
    name: str
    url: str
    description: str | None
    is_for_everyone: bool
    updated_at: UtcTime | None

    @classmethod
    def from_template(cls, template: PipelineTemplate) -> TemplateData:
        return cls(
            id=template.uuid,
            name=template.name,
            url=template.web_url,
            description=template.description,
            is_for_everyone=template.available,
            updated_at=template.updated_at,
        )


class TemplateList(Result, frozen=True):
    """The pipeline templates."""

    templates: tuple[TemplateData, ...]


class BuildkiteToken(Result, frozen=True):
    """The Buildkite token in use, without its value; `missing_scopes` has the commands that need each of them."""

    id: str
    owner: str | None
    email: str | None
    is_own: bool
    description: str | None
    scopes: tuple[str, ...]
    missing_scopes: dict[str, tuple[str, ...]]
    expires_at: UtcTime | None

    @classmethod
    def from_token(
        cls, token: AccessToken, missing: Mapping[str, tuple[str, ...]], message: str, *, is_own: bool
    ) -> BuildkiteToken:
        return cls(
            message=message,
            id=token.uuid,
            owner=token.user.name if token.user else None,
            email=token.user.email if token.user else None,
            is_own=is_own,
            description=token.description,
            scopes=tuple(sorted(token.scopes)),
            missing_scopes=dict(missing),
            expires_at=token.expires_at,
        )


class AgentTokenData(Data, frozen=True):
    """An agent token, without its value; `allowed_addresses` is None where it may be used from anywhere."""

    id: str
    description: str | None
    allowed_addresses: str | None
    created_at: UtcTime | None
    expires_at: UtcTime | None

    @classmethod
    def from_token(cls, token: AgentToken) -> AgentTokenData:
        return cls(
            id=token.id,
            description=token.description,
            allowed_addresses=token.allowed_ip_addresses,
            created_at=token.created_at,
            expires_at=token.expires_at,
        )


class AgentTokenList(Result, frozen=True):
    """The agent tokens of a cluster, by its name."""

    cluster: str
    tokens: tuple[AgentTokenData, ...]


class BuildkiteUser(Result, frozen=True):
    """The Buildkite user whose token is in use: the person's own, or the bot's."""

    id: str | None
    name: str | None
    email: str | None
    is_own: bool


class OrganizationData(Data, frozen=True):
    """An organization; `is_in_use` says that the bot works in it."""

    id: str
    slug: str
    name: str
    url: str
    created_at: UtcTime | None
    is_in_use: bool

    @classmethod
    def from_organization(cls, organization: Organization, in_use: str) -> OrganizationData:
        return cls(
            id=organization.id,
            slug=organization.slug,
            name=organization.name or organization.slug,
            url=organization.web_url,
            created_at=organization.created_at,
            is_in_use=organization.slug == in_use,
        )


class OrganizationResult(Result, frozen=True):
    """The organization in use."""

    organization: OrganizationData


class OrganizationList(Result, frozen=True):
    """The organizations that the token can see."""

    organizations: tuple[OrganizationData, ...]
