"""The Slack app's manifest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft7Validator

from bot.slack.manifest import manifest, template

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
SCHEMA = json.loads((HERE.parent / "contracts" / "slack-app-manifest.schema.json").read_text())


def read(text: str) -> dict[str, Any]:
    """The manifest as Slack reads it, after its schema accepted it."""
    app: dict[str, Any] = yaml.safe_load(text)
    assert [error.message for error in Draft7Validator(SCHEMA).iter_errors(app)] == []
    return app


def addresses(node: Any) -> list[str]:
    """Every address in the manifest."""
    if isinstance(node, dict | list):
        inside = node.values() if isinstance(node, dict) else node
        return [found for value in inside for found in addresses(value)]
    return [node] if isinstance(node, str) and node.startswith("https://") else []


def test_the_schema_refuses_what_is_no_manifest() -> None:
    """The schema can say no: an unknown key does not pass."""
    assert list(Draft7Validator(SCHEMA).iter_errors({"display_information": {"name": "K"}, "colour": "red"}))


def test_the_shipped_copy_is_the_one_people_read() -> None:
    """The manifest at the top and the one inside the package are the same text."""
    assert (ROOT / "manifest.yml").read_text() == (ROOT / "bot" / "manifest.yml").read_text()


@pytest.mark.parametrize(
    "url", ["https://bot.acme.example", "https://bot.acme.example/", "https://bot.acme.example/slack/events"]
)
def test_one_address_is_filled_in_everywhere(url: str) -> None:
    """Commands, events, buttons and menus all come to the one address of this installation."""
    app = read(manifest(url))
    assert addresses(app) == ["https://bot.acme.example/slack/events"] * 4
    assert app["settings"]["socket_mode_enabled"] is False


def test_socket_mode_names_no_address() -> None:
    """With Socket Mode no address is told to Slack."""
    app = read(manifest(socket=True))
    assert addresses(app) == []
    assert app["settings"]["socket_mode_enabled"] is True
    assert app["settings"]["interactivity"] == {"is_enabled": True}


def test_without_an_address_the_example_stays() -> None:
    """Printed as it is, the manifest is valid and equal to the file."""
    assert read(manifest()) == template()


def test_the_command_can_have_another_name() -> None:
    """Two installations in one workspace take two commands."""
    (command,) = read(manifest(command="/ci"))["features"]["slash_commands"]
    assert command["command"] == "/ci"
    assert command["should_escape"] is True


@pytest.mark.parametrize(
    "url", ["http://bot.acme.example", "bot.acme.example", "https://", "https://a.example/?x=1"]
)
def test_an_address_that_slack_cannot_reach_is_refused(url: str) -> None:
    """Slack sends to https only."""
    with pytest.raises(ValueError, match="https://"):
        manifest(url)


@pytest.mark.parametrize("command", ["bk", "/Build", "/b k", "/" + "b" * 32])
def test_a_command_that_slack_does_not_take_is_refused(command: str) -> None:
    """Slack's commands are short and lower-case."""
    with pytest.raises(ValueError, match="slash"):
        manifest(command=command)


def test_nothing_is_posted_where_the_bot_was_not_invited() -> None:
    """The scope that lets a bot post in any public channel is not asked for."""
    assert "chat:write.public" not in manifest()
