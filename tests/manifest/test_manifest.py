"""The Slack app's manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.slack.manifest import render_manifest

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "tests" / "contracts" / "slack-app-manifest.schema.json").read_text())


def parse(text: str) -> dict[str, Any]:
    """Return the manifest after validating it against Slack's schema."""
    app: dict[str, Any] = yaml.safe_load(text)
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(app)] == []
    return app


def find_addresses(node: Any) -> list[str]:
    """Return every address in the manifest."""
    if isinstance(node, dict | list):
        inside = node.values() if isinstance(node, dict) else node
        return [address for value in inside for address in find_addresses(value)]
    return [node] if isinstance(node, str) and node.startswith("https://") else []


def test_the_schema_refuses_unknown_keys() -> None:
    """The schema refuses an unknown key, so it does validate something."""
    assert list(Draft7Validator(SCHEMA).iter_errors({"display_information": {"name": "K"}, "colour": "red"}))


def test_both_copies_of_the_manifest_are_the_same() -> None:
    """The manifest in the repository's root and the one in the package are the same."""
    assert (ROOT / "manifest.yml").read_text() == (ROOT / "bot" / "manifest.yml").read_text()


@pytest.mark.parametrize(
    "url", ["https://bot.acme.example", "https://bot.acme.example/", "https://bot.acme.example/slack/events"]
)
def test_the_address_is_filled_in_everywhere(url: str) -> None:
    """Commands, events, buttons and menus all use this installation's address."""
    app = parse(render_manifest(url))
    assert find_addresses(app) == ["https://bot.acme.example/slack/events"] * 4
    assert app["settings"]["socket_mode_enabled"] is False


def test_slackbot_is_let_in_on_request() -> None:
    """The manifest declares the endpoint that Slack signs its requests to, with the scope that this takes."""
    app = parse(render_manifest("https://bot.acme.example", slackbot=True))
    declared = {"url": "https://bot.acme.example/mcp/slack", "auth_type": "slack_identity_auth"}
    assert app["mcp_servers"] == {"Kitestring": declared}
    assert "mcp:connect" in app["oauth_config"]["scopes"]["bot"]
    assert "mcp" not in render_manifest("https://bot.acme.example")
    with pytest.raises(ValueError, match="needs the bot's address"):
        render_manifest(socket=True, slackbot=True)


def test_people_sign_in_on_request() -> None:
    """The manifest has the address that people come back to."""
    app = parse(render_manifest("https://bot.acme.example", sign_in=True))
    assert app["oauth_config"]["redirect_urls"] == ["https://bot.acme.example/oauth/slack"]
    assert "redirect_urls" not in render_manifest("https://bot.acme.example")
    with pytest.raises(ValueError, match="needs the bot's address"):
        render_manifest(sign_in=True)


def test_socket_mode_has_no_addresses() -> None:
    """With Socket Mode the manifest has no address."""
    app = parse(render_manifest(socket=True))
    assert find_addresses(app) == []
    assert app["settings"]["socket_mode_enabled"] is True
    assert app["settings"]["interactivity"] == {"is_enabled": True}


def test_without_an_address_the_example_stays() -> None:
    """Without options the manifest is valid and equal to the file."""
    assert parse(render_manifest()) == yaml.safe_load((ROOT / "manifest.yml").read_text())


def test_the_command_can_have_another_name() -> None:
    """Another installation in the workspace can use another command."""
    (command,) = parse(render_manifest(command="/ci"))["features"]["slash_commands"]
    assert command["command"] == "/ci"
    assert command["should_escape"] is True


@pytest.mark.parametrize(
    "url", ["http://bot.acme.example", "bot.acme.example", "https://", "https://a.example/?x=1"]
)
def test_an_address_that_slack_cannot_reach_is_refused(url: str) -> None:
    """Only https addresses without query and user are accepted, as Slack requires."""
    with pytest.raises(ValueError, match="https://"):
        render_manifest(url)


@pytest.mark.parametrize("command", ["bk", "/Build", "/b k", "/" + "b" * 32])
def test_an_invalid_command_is_refused(command: str) -> None:
    """Slack's commands must be short and lowercase."""
    with pytest.raises(ValueError, match="slash"):
        render_manifest(command=command)


def test_the_scope_to_post_uninvited_is_not_requested() -> None:
    """The manifest doesn't request the scope to post in any public channel."""
    assert "chat:write.public" not in render_manifest()
