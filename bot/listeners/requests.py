"""Slack's payloads reduced to requests: who, where, how, and the key that identifies a repeat.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from bot.operations.invocation import Flags, Request
from bot.operations.paging import TURN
from bot.slack.types import Thread

# No part may contain a slash: a message full of slashes would otherwise take minutes to search.
_BUILD_URL = re.compile(r"https?://[^\s/<>|\"\\]+/[^\s/<>|\"\\]+/[^\s/<>|\"\\]+/builds/\d+")


def from_command(body: Mapping[str, Any]) -> Request:
    """Read a slash command. Typing it again is a new request, so the key is its trigger."""
    thread = Thread(body["team_id"], body["channel_id"])
    return Request(
        body["user_id"],
        thread,
        "slash",
        f"slash:{body['trigger_id']}",
        body.get("response_url"),
        body["trigger_id"],
    )


def from_message(event: Mapping[str, Any], team: str) -> Request | None:
    """Read a mention or a direct message; None for edits, bots' messages and messages to other people."""
    if not is_addressed_to_bot(event) or event.get("bot_id") or event.get("subtype") or not event.get("user"):
        return None
    thread = Thread(team, event["channel"], event.get("thread_ts"))
    return Request(event["user"], thread, "mention", f"message:{event['channel']}:{event['ts']}")


def is_addressed_to_bot(event: Mapping[str, Any]) -> bool:
    """Return whether an event is a mention or a direct message, not people's talk in a channel."""
    return event["type"] == "app_mention" or (event["type"] == "message" and event.get("channel_type") == "im")


def from_click(body: Mapping[str, Any]) -> Request:
    """Read a press. Each press has an id of its own, so the key is the button as it was rendered."""
    action, container = body["actions"][0], body.get("container") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id") or ""
    ts = container.get("message_ts") or ""
    root = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts") or ts
    private = bool(container.get("is_ephemeral"))
    return Request(
        user=body["user"]["id"],
        thread=Thread(read_team(body), channel, (container.get("thread_ts") or None) if private else root),
        via="button",
        key=f"click:{channel}:{ts}:{action.get('action_id')}:{action.get('block_id')}",
        response_url=body.get("response_url"),
        trigger_id=body.get("trigger_id"),
        flags=Flags(
            replaces=private and not str(action.get("action_id", "")).startswith(("choice:", TURN)),
            in_thread=container.get("thread_ts") not in (None, "", ts),
        ),
    )


def from_view(body: Mapping[str, Any], thread: Thread) -> Request:
    """Read a submitted form; a view can be submitted once."""
    return Request(body["user"]["id"], thread, "form", f"form:{body['view']['id']}")


def from_home_button(body: Mapping[str, Any]) -> Request:
    """Read a press on a home, outside of any conversation; the key is the button in that state of the view."""
    action, view = body["actions"][0], body["view"]
    key = f"home:{view.get('id')}:{view.get('hash')}:{action.get('action_id')}:{action.get('block_id')}"
    thread, trigger = Thread(read_team(body), ""), body.get("trigger_id")
    return Request(body["user"]["id"], thread, "button", key, trigger_id=trigger, flags=Flags(direct_only=True))


def from_global_shortcut(body: Mapping[str, Any]) -> Request:
    """Read a global shortcut; Slack doesn't send where it was used."""
    thread, trigger = Thread(read_team(body), ""), body["trigger_id"]
    return Request(
        body["user"]["id"],
        thread,
        "shortcut",
        f"shortcut:{trigger}",
        trigger_id=trigger,
        flags=Flags(direct_only=True),
    )


def from_message_shortcut(body: Mapping[str, Any]) -> Request:
    """Read a message shortcut; its thread is the message's."""
    message, channel = body["message"], body["channel"]["id"]
    root = message.get("thread_ts") or message["ts"]
    return Request(
        body["user"]["id"],
        Thread(read_team(body), channel, root),
        "shortcut",
        f"shortcut:{body['trigger_id']}",
        body.get("response_url"),
        body["trigger_id"],
        flags=Flags(in_thread=root != message["ts"]),
    )


def read_pipeline(body: Mapping[str, Any]) -> str | None:
    """Return the pipeline that is chosen in the form of a menu, or None."""
    entries: Any = body
    for key in ("view", "state", "values", "pipeline"):
        entries = entries.get(key) if isinstance(entries, Mapping) else None
    for entry in entries.values() if isinstance(entries, Mapping) else ():
        chosen = entry.get("selected_option") if isinstance(entry, Mapping) else None
        if isinstance(chosen, Mapping):
            return str(chosen.get("value"))
    return None


def read_team(body: Mapping[str, Any]) -> str:
    """Return the workspace of a request."""
    return str((body.get("team") or {}).get("id") or (body.get("user") or {}).get("team_id") or "")


def strip_mention(event: Mapping[str, Any], bot_user: str) -> str:
    """Return the text of a message without the mention of the bot."""
    return re.sub(rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>", " ", str(event.get("text") or ""), count=1).strip()


def find_build_url(message: Mapping[str, Any]) -> str | None:
    """Return the first build URL in a message's text, blocks or attachments, or None."""
    written = json.dumps({part: message.get(part) for part in ("text", "blocks", "attachments")})
    found = _BUILD_URL.search(written)
    return found.group(0) if found else None
