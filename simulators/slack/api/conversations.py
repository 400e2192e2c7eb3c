"""conversations.*: list, read, join and open conversations."""

from typing import Any

from simulators.slack.api.arguments import Arguments
from simulators.slack.api.method import Method
from simulators.slack.api.pagination import paginate
from simulators.slack.errors import ApiError
from simulators.slack.installation import Installation
from simulators.slack.models import Channel
from simulators.slack.state import BOT_USER

Json = dict[str, Any]
READ = ("channels:read", "groups:read", "im:read", "mpim:read")
_TYPES = {"channel": "public_channel", "group": "private_channel"}


def render_channel(channel: Channel) -> Json:
    """Render a channel as conversations.info does for the bot."""
    body: Json = {
        "id": channel.id,
        "is_channel": channel.kind == "channel",
        "is_group": channel.kind == "group",
        "is_im": channel.kind == "im",
        "is_mpim": channel.kind == "mpim",
        "is_private": channel.kind != "channel",
        "is_archived": channel.archived,
        "is_member": BOT_USER in channel.members,
        "is_shared": channel.shared in (True, "org"),
        "is_ext_shared": channel.external,
        "is_org_shared": channel.shared == "org",
        "is_pending_ext_shared": channel.shared == "pending",
    }
    if channel.kind == "im":
        return body | {"user": next(iter(m for m in channel.members if m != BOT_USER), BOT_USER)}
    return body | {"name": channel.name, "name_normalized": channel.name, "is_general": False}


def list_channels(slack: Installation, args: Arguments) -> Json:
    """List public channels, and private ones that the bot is in."""
    wanted = args.text("types", "public_channel").replace(" ", "").split(",")
    listed = [
        channel
        for channel in slack.channels.values()
        if _TYPES.get(channel.kind, channel.kind) in wanted
        and (channel.kind == "channel" or BOT_USER in channel.members)
        and not (channel.archived and args.flag("exclude_archived"))
    ]
    shown, metadata = paginate(listed, args)
    return {"channels": [render_channel(c) for c in shown], "response_metadata": metadata}


def get_channel(slack: Installation, args: Arguments) -> Json:
    """Return one conversation."""
    channel = _find_known_channel(slack, args)
    members = {"num_members": len(channel.members)} if args.flag("include_num_members") else {}
    return {"channel": render_channel(channel) | members}


def list_members(slack: Installation, args: Arguments) -> Json:
    """List the members."""
    shown, metadata = paginate(_find_known_channel(slack, args).members, args)
    return {"members": shown, "response_metadata": metadata}


def join(slack: Installation, args: Arguments) -> Json:
    """Let the bot join a public channel."""
    channel = _find_known_channel(slack, args)
    if channel.kind != "channel":
        raise ApiError("method_not_supported_for_channel_type")
    if channel.archived:
        raise ApiError("is_archived")
    if BOT_USER not in channel.members:
        channel.members.append(BOT_USER)
        slack.changes.notify("channel", channel=channel.id)
    return {"channel": render_channel(channel)}


def open_conversation(slack: Installation, args: Arguments) -> Json:
    """Open the direct conversation with these people."""
    if "channel" in args:
        return {"channel": {"id": _find_known_channel(slack, args).id}}
    users = [user for user in args.text("users").split(",") if user]
    if not users:
        raise ApiError("users_list_not_supplied")
    if any(user not in slack.profiles for user in users):
        raise ApiError("user_not_found")
    if any(slack.profiles[user].deleted for user in users):
        raise ApiError("user_disabled")
    channel = slack.open_direct(*users, BOT_USER)
    full = render_channel(channel) if args.flag("return_im") else {"id": channel.id}
    return {"channel": full}


def _find_known_channel(slack: Installation, args: Arguments) -> Channel:
    found = slack.channels.get(args.require("channel"))
    if found is None or (found.kind != "channel" and BOT_USER not in found.members):
        raise ApiError("channel_not_found")
    return found


METHODS = (
    Method("conversations.list", list_channels, READ),
    Method("conversations.info", get_channel, READ),
    Method("conversations.members", list_members, READ),
    Method("conversations.join", join, ("channels:join",)),
    Method("conversations.open", open_conversation, ("im:write", "mpim:write", "channels:manage")),
)
