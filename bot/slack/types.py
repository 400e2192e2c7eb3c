"""Values for people and places in Slack, shared by every room above the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal, NamedTuple

Via = Literal["slash", "mention", "button", "form", "shortcut", "mcp", "slackbot", "rest", "schedule", "console"]
# The ways by which programs call: they read what came of it, and nobody else is answered.
PROGRAM_WAYS: frozenset[Via] = frozenset({"mcp", "rest", "slackbot"})


class Standing(StrEnum):
    """A person's standing in the workspace; a service has only what the policy gives its group."""

    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"
    STRANGER = "stranger"
    BOT = "bot"
    DEACTIVATED = "deactivated"
    SERVICE = "service"


class Profile(NamedTuple):
    """A person's profile as Slack last returned it, at `fetched_at`."""

    name: str
    email: str | None
    zone: str | None
    handle: str | None
    standing: Standing
    fetched_at: datetime


@dataclass(frozen=True)
class TokenLimits:
    """The part of a person's rights that an API token leaves: only these permissions and pipelines (globs).

    None and empty take nothing away. `name` is the token's name.
    """

    name: str
    permissions: frozenset[str] | None = None
    pipelines: tuple[str, ...] = ()


@dataclass(frozen=True)
class Actor:
    """A person who acts, and the place they act from; or with `limits`, a program that acts with their API token.

    `handle` is unique in the workspace, unlike the display name. `groups` are IDs (`S…`) and handles (`@release`)
    of the person's user groups. `unresolved_groups` are named in the policy, but their members couldn't be read.
    """

    id: str
    name: str
    team: str
    standing: Standing
    channel: str
    via: Via
    email: str | None = None
    groups: frozenset[str] = frozenset()
    zone: str | None = None
    handle: str | None = None
    unresolved_groups: frozenset[str] = frozenset()
    limits: TokenLimits | None = None


class Thread(NamedTuple):
    """A place in Slack: a channel, or with `ts` the thread of that message."""

    team: str
    channel: str
    ts: str | None = None

    @property
    def is_direct(self) -> bool:
        """Return whether it's a conversation between two: with the bot, or between two people."""
        return self.channel.startswith("D")


@dataclass(frozen=True)
class Recipient:
    """The person to answer privately, and the place of their request.

    `id` identifies the request, so that a direct message for it is posted once. `response_url` is Slack's address
    for answering it. `direct_only`: the request came from App Home or a global shortcut, so only a direct message
    reaches the person. `in_thread`: it came from a thread, where an answer by response URL would appear in the
    channel. `is_program`: a program asked, which reads the answer itself, so nothing is sent to anyone.
    """

    id: str
    user: str
    thread: Thread
    response_url: str | None = field(default=None, repr=False)
    direct_only: bool = False
    in_thread: bool = False
    is_program: bool = False


@dataclass(frozen=True)
class File:
    """A file to upload with an answer; `alt` describes a picture for screen readers."""

    name: str
    content: bytes
    title: str = ""
    alt: str = ""
