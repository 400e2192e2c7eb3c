"""conversations.history and .replies, and reactions."""

from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.method import Method
from simulators.slack.api.pagination import paginate
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.models import Channel, Message
from simulators.slack.state import BOT_USER

Json = dict[str, Any]
HISTORY = {
    "channel": "channels:history",
    "group": "groups:history",
    "im": "im:history",
    "mpim": "mpim:history",
}


def list_messages(slack: Installation, args: Arguments) -> Json:
    """List a channel's messages, newest first."""
    channel = _find_readable_channel(slack, args)
    found = [message for message in slack.messages(channel) if _is_between(message, args)]
    shown, metadata = paginate(found[::-1], args)
    return _answer_messages(slack, shown, args, metadata)


def list_replies(slack: Installation, args: Arguments) -> Json:
    """List a thread: its parent, then its replies, oldest first."""
    channel = _find_readable_channel(slack, args)
    root = slack.find_message(channel.id, args.require("ts"))
    if root is None:
        raise ApiError("thread_not_found")
    whole = slack.thread(channel, root.thread_ts or root.ts)
    parent = whole[:1] if whole and not whole[0].is_reply else []
    found = parent + [message for message in whole[len(parent) :] if _is_between(message, args)]
    shown, metadata = paginate(found, args)
    return _answer_messages(slack, shown, args, metadata)


def _find_readable_channel(slack: Installation, args: Arguments) -> Channel:
    channel = slack.channels.get(args.require("channel"))
    if channel is None or (channel.kind != "channel" and BOT_USER not in channel.members):
        raise ApiError("channel_not_found")
    slack.require_scope((HISTORY[channel.kind],))
    if BOT_USER not in channel.members:
        raise ApiError("not_in_channel")
    return channel


def _is_between(message: Message, args: Arguments) -> bool:
    oldest, latest = _parse_time(args, "oldest", 0.0), _parse_time(args, "latest", float("inf"))
    at = float(message.ts)
    return oldest <= at <= latest if args.flag("inclusive") else oldest < at < latest


def _parse_time(args: Arguments, name: str, default: float) -> float:
    try:
        return float(args.text(name) or default)
    except ValueError:
        raise ApiError(f"invalid_ts_{name}") from None


def _answer_messages(slack: Installation, shown: list[Message], args: Arguments, metadata: Json) -> Json:
    with_metadata = args.flag("include_all_metadata") and "metadata.message:read" in slack.scopes
    return {
        "messages": [_render_message(slack, message, with_metadata) for message in shown],
        "has_more": bool(metadata["next_cursor"]),
        "response_metadata": metadata,
    }


def _render_message(slack: Installation, message: Message, with_metadata: bool) -> Json:
    body = message.payload(metadata=with_metadata)
    under = [m for m in slack.thread(message.channel, message.ts) if m.is_reply]
    if under and not message.is_reply:
        body |= {"reply_count": len(under), "latest_reply": under[-1].ts}
        body["reply_users"] = sorted({reply.user for reply in under})
    return body


def add_reaction(slack: Installation, args: Arguments) -> Json:
    """Add the bot's emoji to a message."""
    message, name = _find_reaction(slack, args)
    users = message.reactions.setdefault(name, [])
    if BOT_USER in users:
        raise ApiError("already_reacted")
    users.append(BOT_USER)
    slack.changes.notify("message", channel=message.channel, ts=message.ts)
    return {}


def remove_reaction(slack: Installation, args: Arguments) -> Json:
    """Remove the bot's emoji."""
    message, name = _find_reaction(slack, args)
    if BOT_USER not in message.reactions.get(name, []):
        raise ApiError("no_reaction")
    message.reactions[name].remove(BOT_USER)
    if not message.reactions[name]:
        del message.reactions[name]
    slack.changes.notify("message", channel=message.channel, ts=message.ts)
    return {}


def _find_reaction(slack: Installation, args: Arguments) -> tuple[Message, str]:
    name = args.require("name").strip(":")
    if not name.replace("_", "").replace("-", "").replace("+", "").isalnum():
        raise ApiError("invalid_name")
    if "channel" not in args or "timestamp" not in args:
        raise ApiError("no_item_specified")
    message = slack.find_message(slack.find_bot_channel(args.text("channel")).id, args.text("timestamp"))
    if message is None:
        raise ApiError("message_not_found")
    return message, name


METHODS = (
    Method("conversations.history", list_messages, tuple(HISTORY.values())),
    Method("conversations.replies", list_replies, tuple(HISTORY.values())),
    Method("reactions.add", add_reaction, ("reactions:write",)),
    Method("reactions.remove", remove_reaction, ("reactions:write",)),
)
