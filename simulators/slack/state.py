"""The workspace's state: people, conversations and every message."""

from collections.abc import Callable, Iterable
from typing import Any

from simulators.slack.changes import ChangeFeed
from simulators.slack.errors import ApiError
from simulators.slack.ids import Ids
from simulators.slack.models import Channel, Group, Message, Profile
from simulators.slack.validation.defaults import normalize_blocks

Json = dict[str, Any]
BOT_USER, BOT_ID, APP_ID = "U0BOT0001", "B0BOT0001", "A0BOT0001"


class Workspace:
    """People, conversations and messages; `changes` announces changes."""

    def __init__(self, team: str, now: Callable[[], float], ids: Ids, bot_name: str) -> None:
        self.team, self.domain, self.now, self.ids = team, "acme", now, ids
        self.changes = ChangeFeed()
        self.bot = Profile(BOT_USER, bot_name, is_bot=True, team=team, real_name=bot_name.title())
        self.profiles: dict[str, Profile] = {BOT_USER: self.bot}
        self.channels: dict[str, Channel] = {}
        self.groups: dict[str, Group] = {}
        self.posted: dict[str, list[Message]] = {}
        self.ephemeral_messages: list[Message] = []
        self.uploads: dict[str, Json] = {}
        self.attached_files: dict[str, bytes] = {}

    def find_channel(self, wanted: "Channel | str") -> Channel | None:
        """Find a channel by itself, its id, or its name with or without #."""
        if isinstance(wanted, Channel):
            return wanted
        by_name = (c for c in self.channels.values() if c.kind != "im" and c.name == wanted.removeprefix("#"))
        return self.channels.get(wanted) or next(by_name, None)

    def need_channel(self, wanted: "Channel | str") -> Channel:
        """Find a channel. Raise LookupError, for mistakes in a test."""
        found = self.find_channel(wanted)
        if found is None:
            raise LookupError(f"There is no channel {wanted!r} in the simulated workspace.")
        return found

    def open_direct(self, *users: str) -> Channel:
        """Return the direct conversation of these people, created if new."""
        members = sorted(set(users))
        for channel in self.channels.values():
            if channel.kind in ("im", "mpim") and sorted(channel.members) == members:
                return channel
        kind = "im" if len(members) <= 2 else "mpim"
        made = Channel(self.ids.object("D" if kind == "im" else "G"), "directmessage", kind, members)
        self.channels[made.id] = made
        return made

    def post(self, message: Message) -> Message:
        """Add a message to its channel or thread."""
        if message.blocks:
            message.blocks = normalize_blocks(message.blocks, lambda: self.ids.token(5))
        root = self.find_message(message.channel, message.thread_ts) if message.thread_ts else None
        if root is not None and root is not message:
            root.thread_ts = root.ts
            message.parent_user = root.user
        self.posted.setdefault(message.channel, []).append(message)
        self.changes.notify("message", channel=message.channel, ts=message.ts)
        return message

    def post_ephemeral(self, message: Message) -> Message:
        """Show a message to one person."""
        if message.blocks:
            message.blocks = normalize_blocks(message.blocks, lambda: self.ids.token(5))
        self.ephemeral_messages.append(message)
        self.changes.notify("ephemeral", channel=message.channel, user=message.only_for, ts=message.ts)
        return message

    def make_bot_message(self, channel: str, text: str, blocks: list[Json] | None = None, **more: Any) -> Message:
        """Return a message of the bot that isn't posted yet."""
        identity = {"bot_id": BOT_ID, "app_id": APP_ID}
        return Message(channel, self.ids.ts(), BOT_USER, text, blocks, team=self.team, bot=identity, **more)

    def post_as_slackbot(self, user: str, channel: str, text: str) -> None:
        """Show an ephemeral message of Slackbot."""
        self.post_ephemeral(Message(channel, self.ids.ts(), "USLACKBOT", text, team=self.team, only_for=user))

    def find_message(self, channel: str, ts: str | None) -> Message | None:
        """Find a message that isn't deleted."""
        return next((m for m in self.posted.get(channel, []) if m.ts == ts and not m.deleted), None)

    def find_anywhere(self, ts: str, viewer: str) -> Message | None:
        """Find a message by ts alone, among those this person can see."""
        every = [m for messages in self.posted.values() for m in messages] + self.ephemeral_messages
        seen = (m for m in every if m.ts == ts and not m.deleted and m.only_for in (None, viewer))
        return next(seen, None)

    def delete(self, message: Message) -> None:
        """Delete a message."""
        message.deleted = True
        kind = "ephemeral" if message.only_for else "message"
        self.changes.notify(kind, channel=message.channel, user=message.only_for, ts=message.ts)

    def messages(self, channel: "Channel | str") -> list[Message]:
        """Return a channel's messages, oldest first; replies only if broadcast."""
        posted = self.posted.get(self.need_channel(channel).id, [])
        return [m for m in posted if not m.deleted and (not m.is_reply or m.broadcast)]

    def thread(self, channel: "Channel | str", ts: "str | Message") -> list[Message]:
        """Return the parent and its replies, oldest first."""
        root = ts.ts if isinstance(ts, Message) else ts
        posted = self.posted.get(self.need_channel(channel).id, [])
        return [m for m in posted if not m.deleted and (m.ts == root or m.thread_ts == root)]

    def ephemerals(self, user: Any, channel: "Channel | str | None" = None) -> list[Message]:
        """Return the messages that only this person sees, oldest first."""
        who = user if isinstance(user, str) else user.id
        where = self.need_channel(channel).id if channel is not None else None
        mine = (m for m in self.ephemeral_messages if m.only_for == who and not m.deleted)
        return [m for m in mine if where in (None, m.channel)]

    def can_see(self, viewer: str, channel: Channel) -> bool:
        """Tell whether this person can open the conversation."""
        return viewer in channel.members or channel.kind == "channel"

    def find_bot_channel(self, wanted: Any) -> Channel:
        """Find a conversation that the bot may use. Raise ApiError channel_not_found."""
        name = str(wanted or "")
        if name in self.profiles and name != BOT_USER and not self.profiles[name].deleted:
            return self.open_direct(name, BOT_USER)
        found = self.find_channel(name)
        if found is None or (found.kind != "channel" and BOT_USER not in found.members):
            raise ApiError("channel_not_found")
        return found

    def known_names(self, profiles: Iterable[str]) -> dict[str, str]:
        """Return the names of these people, by id."""
        return {user: self.profiles[user].name for user in profiles if user in self.profiles}
