"""Renders the Slack app's manifest with this installation's addresses."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit

import yaml

from bot.setting_types import COMMAND_PATTERN

EVENTS_PATH = "/slack/events"


def load_template() -> dict[str, Any]:
    """Load the manifest as shipped, with example addresses.

    https://docs.slack.dev/reference/app-manifest
    """
    loaded: dict[str, Any] = yaml.safe_load(files("bot").joinpath("manifest.yml").read_text("utf-8"))
    return loaded


def list_bot_scopes() -> frozenset[str]:
    """Return the scopes that the app requests."""
    return frozenset(load_template()["oauth_config"]["scopes"]["bot"])


def render_manifest(url: str | None = None, socket: bool = False, command: str = "/bk") -> str:
    """Return YAML to paste into Slack, with `url` as this bot's address or for Socket Mode.

    `url` is https without a path; without it the example address stays.
    Raise ValueError if `url` isn't such an address or `command` isn't a slash command.
    """
    if not re.fullmatch(COMMAND_PATTERN, command):
        raise ValueError(
            "The command must be a slash followed by up to 31 lowercase letters, digits, hyphens or underscores."
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
    """Return every place in the manifest that holds an address for Slack's requests, as (mapping, key)."""
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
        raise ValueError("The address must be the https:// address where Slack reaches this bot.")
    base = url.strip().rstrip("/")
    return base.removesuffix(EVENTS_PATH)
