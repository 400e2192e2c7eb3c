"""The scopes that the app asks for are those that it uses, no more and no less."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from slack_sdk.web.async_client import AsyncWebClient

from bot.slack.manifest import bot_scopes, template
from bot.slack.scopes import ATTACHED, EVENTS, FEATURES, METHODS

BOT = Path(__file__).parent.parent.parent / "bot"
UPLOAD = ("files.getUploadURLExternal", "files.completeUploadExternal")  # what files_upload_v2 calls
SDK = {name: name.replace("_", ".") for name in dir(AsyncWebClient) if "_" in name.strip("_")}


def sources() -> Iterator[Path]:
    """The bot's own modules: neither the stand-ins nor the table of scopes itself."""
    for path in sorted(BOT.rglob("*.py")):
        if "sim" not in path.relative_to(BOT).parts and path.name != "scopes.py":
            yield path


def called(tree: ast.AST) -> Iterator[str]:
    """Web API methods that a module calls through slack_sdk, or names as a string."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "files_upload_v2":
            yield from UPLOAD
        elif isinstance(node, ast.Attribute) and node.attr in SDK and not node.attr.startswith("api_"):
            yield SDK[node.attr]
        elif isinstance(node, ast.Constant) and node.value in SDK.values():
            yield str(node.value)


def used() -> frozenset[str]:
    """Every Web API method that the bot calls."""
    return frozenset(method for path in sources() for method in called(ast.parse(path.read_text())))


def test_calls_are_found_however_they_are_written() -> None:
    """A call by attribute, by name and by the upload shorthand are all seen."""
    module = "await client.chat_postMessage()\nawait call('views.open')\nupload = client.files_upload_v2\n"
    assert set(called(ast.parse(module))) == {"chat.postMessage", "views.open", *UPLOAD}


def test_every_method_that_is_called_has_its_scopes_in_the_manifest() -> None:
    """No call of the bot is met by `missing_scope` in a workspace that installed the manifest."""
    methods = used()
    assert "auth.test" in methods
    assert methods - METHODS.keys() == set()
    assert {method for method in methods if not METHODS[method] <= bot_scopes()} == set()


def test_every_scope_that_is_asked_for_is_used() -> None:
    """People who install the app grant nothing that it does not use."""
    features = template()["features"]
    events = template()["settings"]["event_subscriptions"]["bot_events"]
    needed = [METHODS[method] for method in used()]
    needed += [EVENTS[event] for event in events]
    needed += [scopes for feature, scopes in FEATURES.items() if features.get(feature)]
    assert bot_scopes() - ATTACHED.union(*needed) == set()
    assert bot_scopes() >= ATTACHED


def test_the_table_lists_no_method_that_is_not_called() -> None:
    """A method that the bot stops calling leaves the table, and with it the scopes it needed."""
    assert METHODS.keys() - used() == set()
