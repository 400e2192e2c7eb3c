"""chat.*: post, update, delete, unfurl (https://docs.slack.dev/reference/methods?family=chat)."""

from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.message_content import Content, read_content, read_metadata
from simulators.slack.api.method import Method
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.models import Channel, Message
from simulators.slack.state import BOT_USER
from simulators.slack.validation.blocks import check_blocks
from simulators.slack.validation.defaults import normalize_blocks

Json = dict[str, Any]
UPDATE_TEXT = 4_000


def post_message(slack: Installation, args: Arguments) -> Json:
    """Post a message, or a reply in a thread."""
    channel = _find_writable_channel(slack, args.require("channel"))
    content = read_content(args, slack.unknown_blocks)
    thread_ts = _find_thread(slack, channel, args)
    message = slack.make_bot_message(channel.id, content.text, content.blocks, thread_ts=thread_ts)
    message.metadata = read_metadata(args)
    message.broadcast = args.flag("reply_broadcast")
    slack.post(message)
    return {"channel": channel.id, "ts": message.ts, "message": message.payload()} | content.warnings


def post_ephemeral(slack: Installation, args: Arguments) -> Json:
    """Post a message for one person."""
    channel = _find_writable_channel(slack, args.require("channel"))
    user = args.require("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    content = read_content(args, slack.unknown_blocks)
    thread_ts = args.text("thread_ts") or None
    message = slack.make_bot_message(channel.id, content.text, content.blocks, thread_ts=thread_ts, only_for=user)
    slack.post_ephemeral(message)
    return {"message_ts": message.ts} | content.warnings


def update(slack: Installation, args: Arguments) -> Json:
    """Edit a message; omitted parts stay only where Slack keeps them."""
    channel = _find_channel_by_id(slack, args.require("channel"))
    message = _find_own_message(slack, channel, args.require("ts"), "cant_update_message")
    if slack.edit_window is not None and slack.now() - float(message.ts) > slack.edit_window:
        raise ApiError("edit_window_closed")
    if len(args.text("text")) > UPDATE_TEXT:
        raise ApiError("msg_too_long")
    content = _read_update(slack, message, args)
    metadata = (read_metadata(args) or None) if "metadata" in args else message.metadata
    message.edit(content.text, content.blocks, metadata)
    if not content.blocks:
        message.edited = {"user": BOT_USER, "ts": slack.ids.ts()}
    slack.changes.notify("message", channel=channel.id, ts=message.ts)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.payload()}


def _read_update(slack: Installation, message: Message, args: Arguments) -> Content:
    if "text" not in args and "blocks" not in args and "attachments" not in args:
        if "metadata" in args:
            return Content(message.text, message.blocks)
        raise ApiError("no_text")
    content = read_content(args, slack.unknown_blocks)
    text = content.text if "text" in args else message.text
    blocks = normalize_blocks(content.blocks, lambda: slack.ids.token(5)) if content.blocks else None
    return Content(text, blocks)


def delete(slack: Installation, args: Arguments) -> Json:
    """Delete one of the bot's own messages."""
    channel = _find_channel_by_id(slack, args.require("channel"))
    message = _find_own_message(slack, channel, args.require("ts"), "cant_delete_message")
    slack.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(slack: Installation, args: Arguments) -> Json:
    """Return the address of a message."""
    channel = slack.find_bot_channel(args.require("channel"))
    message = slack.find_message(channel.id, args.require("message_ts"))
    if message is None:
        raise ApiError("message_not_found")
    return {"channel": channel.id, "permalink": slack.permalink(message)}


def unfurl(slack: Installation, args: Arguments) -> Json:
    """Add previews under the links of a message."""
    unfurls = args.json("unfurls")
    if not isinstance(unfurls, dict):
        raise ApiError("missing_unfurls")
    if args.text("source") == "composer":
        slack.composer_unfurls[args.require("unfurl_id")] = unfurls
        return {}
    channel = slack.find_channel(args.require("channel"))
    message = slack.find_message(channel.id, args.require("ts")) if channel else None
    if message is None:
        raise ApiError("cannot_unfurl_message")
    if any(url not in message.text.replace("&amp;", "&") for url in unfurls):
        raise ApiError("cannot_unfurl_url")
    for url, preview in unfurls.items():
        blocks = _read_preview_blocks(preview)
        message.unfurls[url] = {**preview, "blocks": normalize_blocks(blocks, lambda: slack.ids.token(5))}
    slack.changes.notify("message", channel=message.channel, ts=message.ts)
    return {}


def _read_preview_blocks(preview: Any) -> list[Json]:
    """Read blocks as in messages, except rich text, which previews don't support."""
    blocks = preview.get("blocks") if isinstance(preview, dict) else None
    found = check_blocks(blocks, "message") if isinstance(blocks, list) and blocks else None
    if found is None or found or any(block["type"] == "rich_text" for block in blocks or []):
        raise ApiError("invalid_unfurls_format")
    return list(blocks or [])


def _find_writable_channel(slack: Installation, wanted: str) -> Channel:
    channel = slack.find_bot_channel(wanted)
    if channel.archived:
        raise ApiError("is_archived")
    if BOT_USER not in channel.members and "chat:write.public" not in slack.scopes:
        raise ApiError("not_in_channel")
    return channel


def _find_channel_by_id(slack: Installation, wanted: str) -> Channel:
    """Find a channel by id; only posting accepts names and user ids."""
    if wanted not in slack.channels:
        raise ApiError("channel_not_found")
    return slack.find_bot_channel(wanted)


def _find_thread(slack: Installation, channel: Channel, args: Arguments) -> str | None:
    if "thread_ts" not in args:
        return None
    root = slack.find_message(channel.id, args.text("thread_ts"))
    if root is None:
        raise ApiError("thread_not_found")
    if root.is_reply:
        raise ApiError("cannot_reply_to_message")
    return root.ts


def _find_own_message(slack: Installation, channel: Channel, ts: str, foreign: str) -> Message:
    if any(m.ts == ts and not m.deleted for m in slack.ephemeral_messages):
        raise ApiError(foreign)
    message = slack.find_message(channel.id, ts)
    if message is None:
        raise ApiError("message_not_found")
    if message.user != BOT_USER:
        raise ApiError(foreign)
    return message


METHODS = (
    Method("chat.postMessage", post_message, ("chat:write",)),
    Method("chat.postEphemeral", post_ephemeral, ("chat:write",)),
    Method("chat.update", update, ("chat:write",)),
    Method("chat.delete", delete, ("chat:write",)),
    Method("chat.getPermalink", get_permalink),
    Method("chat.unfurl", unfurl, ("links:write",)),
)
