"""Records of the workspace: profiles, channels, groups, messages, files."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from simulators.slack.visible_text import render_plain

Json = dict[str, Any]


@dataclass
class Profile:
    """A member as in users.info; `guest` is restricted (multi-channel) or ultra (single-channel)."""

    id: str
    name: str
    email: str = ""
    admin: bool = False
    owner: bool = False
    guest: str | bool = False
    stranger: bool = False
    deleted: bool = False
    is_bot: bool = False
    team: str = "T0BUILD01"
    tz: str = "Europe/Amsterdam"
    real_name: str = ""


@dataclass
class Channel:
    """A conversation; `kind` is channel, group (private), im or mpim.

    `shared`: with another organization (Slack Connect); "pending": another one was invited; "org": between
    workspaces of one organization.
    """

    id: str
    name: str
    kind: str = "channel"
    members: list[str] = field(default_factory=list)
    archived: bool = False
    shared: str | bool = False

    @property
    def external(self) -> bool:
        """Tell whether people of another organization are in it."""
        return self.shared is True

    @property
    def command_name(self) -> str:
        """Return its name in slash commands, which don't name private channels."""
        return {"im": "directmessage", "group": "privategroup"}.get(self.kind, self.name)


@dataclass
class Group:
    """A user group."""

    id: str
    handle: str
    name: str
    users: list[str]
    disabled: bool = False


@dataclass(frozen=True)
class PastVersion:
    """The content of a message before an edit."""

    text: str
    blocks: list[Json] | None
    metadata: Json | None

    def plain(self) -> str:
        """Return the text that people saw."""
        return render_plain(self.text, self.blocks)


@dataclass(frozen=True)
class Preview:
    """An app's preview of a link in a message; `id` is its number among them."""

    message: "Message"
    url: str
    id: int
    blocks: list[Json]

    @property
    def channel(self) -> str:
        """Return the message's channel."""
        return self.message.channel

    def plain(self) -> str:
        """Return the text that people see."""
        return render_plain("", self.blocks)


@dataclass
class Message:
    """A message with its past versions; `only_for` is the one person who sees an ephemeral one."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] | None = None
    metadata: Json | None = None
    thread_ts: str | None = None
    team: str = "T0BUILD01"
    bot: Json | None = None
    only_for: str | None = None
    broadcast: bool = False
    parent_user: str | None = None
    client_msg_id: str | None = None
    edited: Json | None = None
    deleted: bool = False
    edits: list[PastVersion] = field(default_factory=list)
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[Json] = field(default_factory=list)
    unfurls: Json = field(default_factory=dict)

    def plain(self) -> str:
        """Return the text that people see: headers, sections, contexts, buttons as [Label]."""
        named = "".join(f"\n(file: {file['title']})" for file in self.files)
        return (render_plain(self.text, self.blocks) + named).strip("\n")

    @property
    def previews(self) -> list[Preview]:
        """Return the previews of its links, in order."""
        shown = enumerate(self.unfurls.items(), 1)
        return [Preview(self, url, number, unfurl["blocks"]) for number, (url, unfurl) in shown]

    @property
    def is_reply(self) -> bool:
        """Tell whether it is a reply in a thread."""
        return self.thread_ts is not None and self.thread_ts != self.ts

    def edit(self, text: str, blocks: list[Json] | None, metadata: Json | None) -> None:
        """Edit it and keep the previous version."""
        self.edits.append(PastVersion(self.text, self.blocks, self.metadata))
        self.text, self.blocks, self.metadata = text, blocks, metadata

    def payload(self, *, metadata: bool = True) -> Json:
        """Return it as Slack sends it in payloads and replies."""
        body: Json = {"user": self.user, "type": "message", "ts": self.ts}
        optional = {
            "client_msg_id": self.client_msg_id,
            **(self.bot or {}),
            "text": self.text,
            "team": self.team,
            "blocks": self.blocks,
            "metadata": self.metadata if metadata else None,
            "thread_ts": self.thread_ts,
            "parent_user_id": self.parent_user,
            "edited": self.edited,
            "files": self.files or None,
            "reactions": self._render_reactions() or None,
        }
        return deepcopy(body | {key: value for key, value in optional.items() if value is not None})

    def _render_reactions(self) -> list[Json]:
        return [{"name": name, "users": who, "count": len(who)} for name, who in self.reactions.items()]
