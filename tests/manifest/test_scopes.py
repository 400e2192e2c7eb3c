"""The app requests exactly the scopes that it uses."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.manifest import list_bot_scopes, load_template
from bot.slack.scopes import ATTACHMENT_SCOPES, EVENT_SCOPES, FEATURE_SCOPES, METHOD_SCOPES

BOT = Path(__file__).parent.parent.parent / "bot"
UPLOAD = ("files.getUploadURLExternal", "files.completeUploadExternal")  # what files_upload_v2 calls
SDK = {name: name.replace("_", ".") for name in dir(AsyncWebClient) if "_" in name.strip("_")}


def list_sources() -> Iterator[Path]:
    """Yield the bot's modules except the table of scopes itself."""
    for path in sorted(BOT.rglob("*.py")):
        if "sim" not in path.relative_to(BOT).parts and path.name != "scopes.py":
            yield path


def find_calls(tree: ast.AST) -> Iterator[str]:
    """Yield Web API methods that a module calls through slack_sdk or names in a string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "files_upload_v2":
            yield from UPLOAD
        elif isinstance(node, ast.Attribute) and node.attr in SDK and not node.attr.startswith("api_"):
            yield SDK[node.attr]
        elif isinstance(node, ast.Constant) and node.value in SDK.values():
            yield str(node.value)


def find_used_methods() -> frozenset[str]:
    """Return every Web API method that the bot calls."""
    return frozenset(method for path in list_sources() for method in find_calls(ast.parse(path.read_text())))


def test_calls_in_every_notation_are_found() -> None:
    """Calls by attribute, by name and by the upload shorthand are found."""
    module = "await client.chat_postMessage()\nawait call('views.open')\nupload = client.files_upload_v2\n"
    assert set(find_calls(ast.parse(module))) == {"chat.postMessage", "views.open", *UPLOAD}


def test_every_called_method_has_its_scopes_in_the_manifest() -> None:
    """No call fails with `missing_scope` in a workspace that installed the manifest."""
    methods = find_used_methods()
    assert "auth.test" in methods
    assert methods - METHOD_SCOPES.keys() == set()
    assert {method for method in methods if not METHOD_SCOPES[method] <= list_bot_scopes()} == set()


def test_every_requested_scope_is_used() -> None:
    """The app requests no scope that it doesn't use."""
    features = load_template().features
    events = load_template().settings.event_subscriptions.bot_events
    needed = [METHOD_SCOPES[method] for method in find_used_methods()]
    needed += [EVENT_SCOPES[event] for event in events]
    needed += [scopes for feature, scopes in FEATURE_SCOPES.items() if getattr(features, feature)]
    assert list_bot_scopes() - ATTACHMENT_SCOPES.union(*needed) == set()
    assert list_bot_scopes() >= ATTACHMENT_SCOPES


def test_every_listed_method_is_called() -> None:
    """The table contains no method that the bot doesn't call."""
    assert METHOD_SCOPES.keys() - find_used_methods() == set()
