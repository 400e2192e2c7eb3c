"""Renders the Slack app's manifest with this installation's addresses."""

from __future__ import annotations

import re
from importlib.resources import files
from urllib.parse import urlsplit

import msgspec
import yaml
from msgspec import Struct

from bot.setting_types import COMMAND_PATTERN

EVENTS_PATH = "/slack/events"
SLACKBOT_PATH = "/mcp/slack"
SLACKBOT_SCOPE = "mcp:connect"
SIGN_IN_PATH = "/oauth/slack"
EXAMPLE_URL = "https://kitestring.example.com"
_REASON = re.compile(r"^ +- ([a-z_]+(?::[a-z_.]+)?) +# (.+)$", re.MULTILINE)


class ManifestShortcut(Struct):
    """A shortcut of the app, in the menu of a message or anywhere (`global`)."""

    name: str
    type: str
    callback_id: str
    description: str


class ManifestCommand(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """A slash command of the app; `url` is Slack's way to this bot, unless it uses Socket Mode."""

    command: str
    url: str | None = None
    description: str = ""
    usage_hint: str = ""
    should_escape: bool = False


class ManifestFeatures(Struct, forbid_unknown_fields=True):
    """The parts of the app that people see."""

    app_home: dict[str, bool]
    bot_user: dict[str, str | bool]
    shortcuts: list[ManifestShortcut]
    slash_commands: list[ManifestCommand]
    unfurl_domains: list[str]


class ManifestScopes(Struct, forbid_unknown_fields=True):
    bot: list[str]


class ManifestAuthorization(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The scopes that the app requests, and where people who sign in come back to."""

    scopes: ManifestScopes
    redirect_urls: list[str] = []


class ManifestEvents(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The events that the app subscribes to."""

    request_url: str | None = None
    bot_events: list[str] = []


class ManifestInteractivity(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The addresses for buttons, forms and menus."""

    is_enabled: bool
    request_url: str | None = None
    message_menu_options_url: str | None = None


class ManifestSettings(Struct, forbid_unknown_fields=True):
    event_subscriptions: ManifestEvents
    interactivity: ManifestInteractivity
    org_deploy_enabled: bool
    socket_mode_enabled: bool
    token_rotation_enabled: bool


class ManifestMcpServer(Struct, forbid_unknown_fields=True):
    """An MCP server that Slackbot calls for people; with this way of authorisation Slack signs its requests.

    https://docs.slack.dev/ai/slackbot-mcp-client
    """

    url: str
    auth_type: str = "slack_identity_auth"


class Manifest(Struct, omit_defaults=True, forbid_unknown_fields=True):
    """The app's manifest. https://docs.slack.dev/reference/app-manifest"""

    display_information: dict[str, str]
    features: ManifestFeatures
    oauth_config: ManifestAuthorization
    settings: ManifestSettings
    mcp_servers: dict[str, ManifestMcpServer] = {}

    def let_slackbot_in(self, base: str) -> None:
        """Declare the bot's MCP endpoint to Slackbot."""
        self.mcp_servers = {"Kitestring": ManifestMcpServer(base + SLACKBOT_PATH)}
        self.oauth_config.scopes.bot.append(SLACKBOT_SCOPE)

    def let_people_sign_in(self, base: str) -> None:
        """Declare where people come back to who sign in with Slack from a client.

        https://docs.slack.dev/authentication/sign-in-with-slack/
        """
        self.oauth_config.redirect_urls = [base + SIGN_IN_PATH]

    def set_address(self, address: str | None) -> None:
        """Set every address for Slack's requests; None leaves them out."""
        self.features.slash_commands[0].url = address
        self.settings.event_subscriptions.request_url = address
        self.settings.interactivity.request_url = address
        self.settings.interactivity.message_menu_options_url = address


def load_template() -> Manifest:
    """Load the manifest as shipped, with example addresses."""
    loaded: object = yaml.safe_load(_read_template())
    return msgspec.convert(loaded, Manifest)


def _read_template() -> str:
    return files("bot").joinpath("manifest.yml").read_text("utf-8")


def list_bot_scopes() -> frozenset[str]:
    """Return the scopes that the app requests."""
    return frozenset(load_template().oauth_config.scopes.bot)


def render_manifest(
    url: str | None = None,
    socket: bool = False,
    command: str = "/bk",
    *,
    slackbot: bool = False,
    sign_in: bool = False,
) -> str:
    """Return YAML to paste into Slack, with `url` as this bot's address or for Socket Mode.

    `url` is https without a path; without it the example address stays.
    `slackbot` lets Slackbot call it for people, `sign_in` lets them sign in from their MCP clients. Raise
    ValueError if `url` isn't such an address or `command` isn't a slash command, and for both without an address.
    """
    if not re.fullmatch(COMMAND_PATTERN, command):
        raise ValueError(
            "The command must be a slash followed by up to 31 lowercase letters, digits, hyphens or underscores."
        )
    app = load_template()
    app.features.slash_commands[0].command = command
    if socket or url is not None:
        app.set_address(None if socket or url is None else _parse_base(url) + EVENTS_PATH)
    app.settings.socket_mode_enabled = socket
    if slackbot:
        if url is None:
            raise ValueError("Slackbot calls the bot by HTTP, so it needs the bot's address.")
        app.let_slackbot_in(_parse_base(url))
    if sign_in:
        if url is None:
            raise ValueError("People who sign in come back to the bot, so this needs the bot's address.")
        app.let_people_sign_in(_parse_base(url))
    return _add_reasons(yaml.safe_dump(msgspec.to_builtins(app), sort_keys=False, allow_unicode=True, width=1000))


def _add_reasons(manifest: str) -> str:
    """Write the reason behind each scope, as the template has it: admins read it before they approve the app."""
    reasons = dict(_REASON.findall(_read_template()))
    lines = (
        f"{line}  # {reasons[found]}" if (found := line.strip(" -")) in reasons else line
        for line in manifest.splitlines()
    )
    return "\n".join(lines) + "\n"


def _parse_base(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("The address must be the https:// address where Slack reaches this bot.")
    base = url.strip().rstrip("/")
    return base.removesuffix(EVENTS_PATH)
