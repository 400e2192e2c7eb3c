"""A workspace: one Slack workspace and its Buildkite organization, as the settings describe them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from bot.buildkite.webhook_registration import OwnWebhook
from bot.settings import Settings
from webhooks.events import OPTIONAL_EVENTS, REQUIRED_EVENTS


@dataclass(frozen=True)
class SlackApp:
    """The Slack app in this workspace; with an app token it uses Socket Mode, else its requests are signed."""

    bot_token: SecretStr
    api_url: str
    app_token: SecretStr | None
    signing_secret: SecretStr | None


@dataclass(frozen=True)
class BuildkiteSettings:
    """The Buildkite organization; without an agent token there are no metrics of queues."""

    slug: str
    api_token: SecretStr
    endpoint: str
    agent_token: SecretStr | None
    agent_endpoint: str


@dataclass(frozen=True)
class Workspace:
    """Everything that may differ between two workspaces of one process.

    `has_allowlist`: webhooks are accepted only from the addresses that Buildkite publishes.
    """

    slack: SlackApp
    organization: BuildkiteSettings
    webhook: OwnWebhook
    has_allowlist: bool
    policy: Path | None
    subscriptions: Path | None
    command: str

    @property
    def socket_mode(self) -> bool:
        """Return whether requests arrive by Socket Mode instead of HTTP."""
        return self.slack.app_token is not None


def read_workspace(settings: Settings) -> Workspace:
    """Return the workspace that the settings describe; today they describe exactly one."""
    return Workspace(
        _read_slack_app(settings),
        _read_organization(settings),
        _describe_own_webhook(settings),
        settings.buildkite_webhook_allowlist != "off",
        _optional_path(settings.kitestring_policy),
        _optional_path(settings.kitestring_subscriptions),
        settings.kitestring_command,
    )


def _read_slack_app(settings: Settings) -> SlackApp:
    return SlackApp(
        settings.slack_bot_token, settings.slack_api_url, settings.slack_app_token, settings.slack_signing_secret
    )


def _read_organization(settings: Settings) -> BuildkiteSettings:
    return BuildkiteSettings(
        settings.buildkite_organization_slug,
        settings.buildkite_api_token,
        settings.buildkite_rest_api_endpoint,
        settings.buildkite_agent_token,
        settings.buildkite_agent_endpoint,
    )


def _describe_own_webhook(settings: Settings) -> OwnWebhook:
    return OwnWebhook(
        settings.kitestring_url,
        settings.buildkite_webhook_token,
        settings.buildkite_webhook_mode,
        REQUIRED_EVENTS,
        OPTIONAL_EVENTS,
    )


def _optional_path(named: str | None) -> Path | None:
    return Path(named) if named else None
