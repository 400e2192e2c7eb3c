"""chat.*: post, update, delete, whisper and unfurl (https://docs.slack.dev/reference/methods?family=chat)."""

from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.message_content import Content, read_content, read_metadata
from simulators.slack.api.method import Method
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.models import Channel, Message
from simulators.slack.state import BOT_USER
from simulators.slack.validation.blocks import check_blocks
from simulators.slack.validation.defaults import normalised

Json = dict[str, Any]
UPDATE_TEXT = 4_000


def post_message(slack: Installation, args: Arguments) -> Json:
    """A message, or a reply in a thread."""
    channel = _writable(slack, args.need("channel"))
    content = read_content(args, slack.unknown_blocks)
    thread_ts = _thread(slack, channel, args)
    message = slack.by_bot(channel.id, content.text, content.blocks, thread_ts=thread_ts)
    message.metadata = read_metadata(args)
    message.broadcast = args.flag("reply_broadcast")
    slack.post(message)
    return {"channel": channel.id, "ts": message.ts, "message": message.payload()} | content.warnings


def post_ephemeral(slack: Installation, args: Arguments) -> Json:
    """A message for one person."""
    channel = _writable(slack, args.need("channel"))
    user = args.need("user")
    if user not in channel.members:
        raise ApiError("user_not_in_channel")
    content = read_content(args, slack.unknown_blocks)
    thread_ts = args.text("thread_ts") or None
    message = slack.by_bot(channel.id, content.text, content.blocks, thread_ts=thread_ts, only_for=user)
    slack.whisper(message)
    return {"message_ts": message.ts} | content.warnings


def update(slack: Installation, args: Arguments) -> Json:
    """Other words in the same place; what is left out stays only as Slack lets it stay."""
    channel = _by_id(slack, args.need("channel"))
    message = _own(slack, channel, args.need("ts"), "cant_update_message")
    if slack.edit_window is not None and slack.now() - float(message.ts) > slack.edit_window:
        raise ApiError("edit_window_closed")
    if len(args.text("text")) > UPDATE_TEXT:
        raise ApiError("msg_too_long")
    content = _updated_content(slack, message, args)
    metadata = (read_metadata(args) or None) if "metadata" in args else message.metadata
    message.change(content.text, content.blocks, metadata)
    if not content.blocks:
        message.edited = {"user": BOT_USER, "ts": slack.ids.ts()}
    slack.notices.tell("message", channel=channel.id, ts=message.ts)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": message.payload()}


def _updated_content(slack: Installation, message: Message, args: Arguments) -> Content:
    if "text" not in args and "blocks" not in args and "attachments" not in args:
        if "metadata" in args:
            return Content(message.text, message.blocks)
        raise ApiError("no_text")
    content = read_content(args, slack.unknown_blocks)
    text = content.text if "text" in args else message.text
    blocks = normalised(content.blocks, lambda: slack.ids.word(5)) if content.blocks else None
    return Content(text, blocks)


def delete(slack: Installation, args: Arguments) -> Json:
    """One of the bot's own messages goes away."""
    channel = _by_id(slack, args.need("channel"))
    message = _own(slack, channel, args.need("ts"), "cant_delete_message")
    slack.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def get_permalink(slack: Installation, args: Arguments) -> Json:
    """The address of a message."""
    channel = slack.bot_channel(args.need("channel"))
    message = slack.find(channel.id, args.need("message_ts"))
    if message is None:
        raise ApiError("message_not_found")
    return {"channel": channel.id, "permalink": slack.permalink(message)}


def unfurl(slack: Installation, args: Arguments) -> Json:
    """Previews under somebody's links."""
    unfurls = args.json("unfurls")
    if not isinstance(unfurls, dict):
        raise ApiError("missing_unfurls")
    if args.text("source") == "composer":
        slack.composer_unfurls[args.need("unfurl_id")] = unfurls
        return {}
    channel = slack.find_channel(args.need("channel"))
    message = slack.find(channel.id, args.need("ts")) if channel else None
    if message is None:
        raise ApiError("cannot_unfurl_message")
    if any(url not in message.text.replace("&amp;", "&") for url in unfurls):
        raise ApiError("cannot_unfurl_url")
    for url, preview in unfurls.items():
        blocks = _preview_blocks(preview)
        message.unfurls[url] = {**preview, "blocks": normalised(blocks, lambda: slack.ids.word(5))}
    slack.notices.tell("message", channel=message.channel, ts=message.ts)
    return {}


def _preview_blocks(preview: Any) -> list[Json]:
    """Blocks as in messages, but for rich text, which previews do not take."""
    blocks = preview.get("blocks") if isinstance(preview, dict) else None
    found = check_blocks(blocks, "message") if isinstance(blocks, list) and blocks else None
    if found is None or found or any(block["type"] == "rich_text" for block in blocks or []):
        raise ApiError("invalid_unfurls_format")
    return list(blocks or [])


def _writable(slack: Installation, wanted: str) -> Channel:
    channel = slack.bot_channel(wanted)
    if channel.archived:
        raise ApiError("is_archived")
    if BOT_USER not in channel.members and "chat:write.public" not in slack.scopes:
        raise ApiError("not_in_channel")
    return channel


def _by_id(slack: Installation, wanted: str) -> Channel:
    """Names and user ids will do for posting only."""
    if wanted not in slack.channels:
        raise ApiError("channel_not_found")
    return slack.bot_channel(wanted)


def _thread(slack: Installation, channel: Channel, args: Arguments) -> str | None:
    if "thread_ts" not in args:
        return None
    root = slack.find(channel.id, args.text("thread_ts"))
    if root is None:
        raise ApiError("thread_not_found")
    if root.is_reply:
        raise ApiError("cannot_reply_to_message")
    return root.ts


def _own(slack: Installation, channel: Channel, ts: str, foreign: str) -> Message:
    if any(m.ts == ts and not m.deleted for m in slack.whispered):
        raise ApiError(foreign)
    message = slack.find(channel.id, ts)
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
