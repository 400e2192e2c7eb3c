"""Values for people and places in Slack, shared by every room above the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, NamedTuple

Via = Literal["slash", "mention", "button", "form", "shortcut", "mcp", "rest", "schedule"]


class Standing(StrEnum):
    """What somebody is in the workspace."""

    ADMIN = "admin"
    MEMBER = "member"
    GUEST = "guest"
    STRANGER = "stranger"
    BOT = "bot"
    DEACTIVATED = "deactivated"


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where.

    `handle` is unique in the workspace, unlike the name that is shown; `groups` are ids (`S…`) and handles
    (`@release`) of the user groups somebody is in; `unresolved` are those that the policy names, but of which
    nobody could say who is in them.
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
    unresolved: frozenset[str] = frozenset()


class Thread(NamedTuple):
    """A place in Slack: a channel, and the message whose replies are meant (None: the channel itself)."""

    team: str
    channel: str
    ts: str | None = None


@dataclass(frozen=True)
class Recipient:
    """The person to answer privately, and the place they asked from.

    `id` names the request, so that a direct message for it is posted once. `response_url` is Slack's address for
    answering this request. `nowhere`: they asked from App Home or a global shortcut, so only a direct message
    reaches them. `in_thread`: they asked inside a thread, where a response URL would answer out of sight.
    """

    id: str
    user: str
    thread: Thread
    response_url: str | None = field(default=None, repr=False)
    nowhere: bool = False
    in_thread: bool = False


@dataclass(frozen=True)
class File:
    """Something to upload beside the answer: name, bytes, title, and `alt` for those who see no picture."""

    name: str
    content: bytes
    title: str = ""
    alt: str = ""
