"""What Slack sends, reduced to what matters: who, where, by which way, and the key that makes a repeat known.

https://docs.slack.dev/reference/interaction-payloads
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bot.operations.invocation import Invocation
from bot.operations.paging import TURN
from bot.slack.types import Thread, Via

# No part may hold a slash: in a message full of them the search would otherwise take minutes.
_BUILD_URL = re.compile(r"https?://[^\s/<>|\"\\]+/[^\s/<>|\"\\]+/[^\s/<>|\"\\]+/builds/\d+")


@dataclass(frozen=True)
class Request:
    """Somebody asks for something.

    `key` names the request itself: a trigger, a message, a view; a click is named by what was drawn.
    `private`: it answers a question that only this person sees, so that the answer may take its place;
    `in_thread`: it comes from a reply in a thread, where the answer belongs too; `posted`: whoever asks looks at
    no conversation, so that what they are told is a message to them.
    """

    user: str
    thread: Thread
    via: Via
    key: str
    response_url: str | None = None
    trigger_id: str | None = None
    private: bool = False
    in_thread: bool = False
    posted: bool = False

    def invocation(self, invocation_id: str, operation: str, args: Mapping[str, Any], **how: Any) -> Invocation:
        """As it is written down.

        `how`: yes (confirmed), dm (updates by direct message), page (of a list, which takes the place of the one
        before; `public`: of a list that everybody sees).
        """
        kept = {name: value for name, value in {**how, "posted": self.posted}.items() if value}
        return Invocation(
            id=invocation_id,
            key=self.key,
            operation=operation,
            args={"args": dict(args), "replace": self.private, "in_thread": self.in_thread, **kept},
            user=self.user,
            thread=self.thread,
            via=self.via,
            response_url=self.response_url,
        )


def of_command(body: Mapping[str, Any]) -> Request:
    """A slash command; the same words again are another wish, so its trigger is its name."""
    thread = Thread(body["team_id"], body["channel_id"])
    return Request(
        body["user_id"],
        thread,
        "slash",
        f"slash:{body['trigger_id']}",
        body.get("response_url"),
        body["trigger_id"],
    )


def of_message(event: Mapping[str, Any], team: str) -> Request | None:
    """A mention, or a message in the bot's DM; None for what was not typed by a person just now, or to others."""
    if not spoken_to(event) or event.get("bot_id") or event.get("subtype") or not event.get("user"):
        return None
    thread = Thread(team, event["channel"], event.get("thread_ts"))
    return Request(event["user"], thread, "mention", f"message:{event['channel']}:{event['ts']}")


def spoken_to(event: Mapping[str, Any]) -> bool:
    """Whether an event is said to the bot: what people say to each other in a channel is not."""
    return event["type"] == "app_mention" or (event["type"] == "message" and event.get("channel_type") == "im")


def of_click(body: Mapping[str, Any]) -> Request:
    """A button: two presses have two ids of their own, so the key is what was pressed, as it was drawn."""
    action, container = body["actions"][0], body.get("container") or {}
    channel = (body.get("channel") or {}).get("id") or container.get("channel_id") or ""
    ts = container.get("message_ts") or ""
    root = container.get("thread_ts") or (body.get("message") or {}).get("thread_ts") or ts
    private = bool(container.get("is_ephemeral"))
    return Request(
        user=body["user"]["id"],
        thread=Thread(team_of(body), channel, (container.get("thread_ts") or None) if private else root),
        via="button",
        key=f"click:{channel}:{ts}:{action.get('action_id')}:{action.get('block_id')}",
        response_url=body.get("response_url"),
        trigger_id=body.get("trigger_id"),
        private=private and not str(action.get("action_id", "")).startswith(("choice:", TURN)),
        in_thread=container.get("thread_ts") not in (None, "", ts),
    )


def of_view(body: Mapping[str, Any], thread: Thread) -> Request:
    """A form that was sent: a view is sent once."""
    return Request(body["user"]["id"], thread, "form", f"form:{body['view']['id']}")


def of_home(body: Mapping[str, Any]) -> Request:
    """A button of somebody's home, which is in no conversation; it is named by the view as it was drawn."""
    action, view = body["actions"][0], body["view"]
    key = f"home:{view.get('id')}:{view.get('hash')}:{action.get('action_id')}:{action.get('block_id')}"
    thread, trigger = Thread(team_of(body), ""), body.get("trigger_id")
    return Request(body["user"]["id"], thread, "button", key, trigger_id=trigger, posted=True)


def of_anywhere(body: Mapping[str, Any]) -> Request:
    """A global shortcut: nobody knows where it was used."""
    thread, trigger = Thread(team_of(body), ""), body["trigger_id"]
    return Request(body["user"]["id"], thread, "shortcut", f"shortcut:{trigger}", trigger_id=trigger, posted=True)


def of_shortcut(body: Mapping[str, Any]) -> Request:
    """A message shortcut: the thread is that of the message."""
    message, channel = body["message"], body["channel"]["id"]
    root = message.get("thread_ts") or message["ts"]
    return Request(
        body["user"]["id"],
        Thread(team_of(body), channel, root),
        "shortcut",
        f"shortcut:{body['trigger_id']}",
        body.get("response_url"),
        body["trigger_id"],
        in_thread=root != message["ts"],
    )


def pipeline_of(body: Mapping[str, Any]) -> str | None:
    """The pipeline that is chosen in the form whose menu asks."""
    entries: Any = body
    for key in ("view", "state", "values", "pipeline"):
        entries = entries.get(key) if isinstance(entries, Mapping) else None
    for entry in entries.values() if isinstance(entries, Mapping) else ():
        chosen = entry.get("selected_option") if isinstance(entry, Mapping) else None
        if isinstance(chosen, Mapping):
            return str(chosen.get("value"))
    return None


def team_of(body: Mapping[str, Any]) -> str:
    """The workspace that a request comes from."""
    return str((body.get("team") or {}).get("id") or (body.get("user") or {}).get("team_id") or "")


def said(event: Mapping[str, Any], bot_user: str) -> str:
    """The words of a message, without the mention of the bot."""
    return re.sub(rf"<@{re.escape(bot_user)}(?:\|[^>]*)?>", " ", str(event.get("text") or ""), count=1).strip()


def build_url(message: Mapping[str, Any]) -> str | None:
    """The first build's address in a message, wherever it stands in it."""
    written = json.dumps({part: message.get(part) for part in ("text", "blocks", "attachments")})
    found = _BUILD_URL.search(written)
    return found.group(0) if found else None
