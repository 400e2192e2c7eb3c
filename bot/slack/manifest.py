"""The Slack app's manifest, with this installation's addresses filled in."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import yaml

from bot.setting_types import COMMAND_PATTERN

EVENTS_PATH = "/slack/events"


def load_template() -> dict[str, Any]:
    """The manifest as shipped: `manifest.yml`, with an example's addresses.

    https://docs.slack.dev/reference/app-manifest
    """
    loaded: dict[str, Any] = yaml.safe_load(files("bot").joinpath("manifest.yml").read_text("utf-8"))
    return loaded


def list_bot_scopes() -> frozenset[str]:
    """The scopes that the app asks for."""
    return frozenset(load_template()["oauth_config"]["scopes"]["bot"])


def render_manifest(url: str | None = None, socket: bool = False, command: str = "/bk") -> str:
    """YAML to paste at Slack: with `url` (https, no path) as this bot's address, or for Socket Mode.

    Without either the example's address stays.
    Raises ValueError when `url` is not such an address, or `command` no slash command.
    """
    if not re.fullmatch(COMMAND_PATTERN, command):
        raise ValueError(
            "The command must be a slash and at most 31 lower-case letters, digits, hyphens or underscores."
        )
    app = load_template()
    app["features"]["slash_commands"][0]["command"] = command
    for holder, key in _list_addresses(app):
        if socket:
            del holder[key]
        elif url is not None:
            holder[key] = _parse_base(url) + EVENTS_PATH
    app["settings"]["socket_mode_enabled"] = socket
    return yaml.safe_dump(app, sort_keys=False, allow_unicode=True, width=1000)


def _list_addresses(app: dict[str, Any]) -> tuple[tuple[dict[str, Any], str], ...]:
    """Every place of the manifest where Slack is told where to send requests."""
    settings = app["settings"]
    return (
        (app["features"]["slash_commands"][0], "url"),
        (settings["event_subscriptions"], "request_url"),
        (settings["interactivity"], "request_url"),
        (settings["interactivity"], "message_menu_options_url"),
    )


def _parse_base(url: str) -> str:
    parts = urlsplit(url.strip())
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment or parts.username:
        raise ValueError("The address must be the https:// address at which Slack reaches this bot.")
    base = url.strip().rstrip("/")
    return base.removesuffix(EVENTS_PATH)
