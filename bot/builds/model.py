"""Tracked builds, their jobs and cards, and messages in the outbox."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NotRequired, TypedDict

from bot.buildkite.models import Build, Job
from bot.slack.blockkit.blocks import Message
from bot.slack.types import Thread

CardOrigin = Literal["asked", "subscribed", "unfurled"]


@dataclass(frozen=True)
class TrackedBuild:
    """A build that a card or subscription needs, as far as it is known.

    `changes_reported` counts the changes that webhooks reported, `changes_confirmed` how many of them a read has
    confirmed. `revision` grows with every change that people can see. `generation` grows whenever a finished build
    runs again. `deleted`: Buildkite no longer returns the build. `read_at` is when the last read was requested,
    `read_phase` and `read_end` are its result.
    """

    build: Build
    seen_at: datetime
    read_at: datetime | None = None
    changes_reported: int = 0
    changes_confirmed: int = 0
    revision: int = 0
    generation: int = 0
    deleted: bool = False
    read_phase: str | None = None
    read_end: datetime | None = None
    unconfirmed_since: datetime | None = None

    @property
    def unconfirmed(self) -> bool:
        """Return whether webhooks reported a change that no read has confirmed yet."""
        return self.changes_reported > self.changes_confirmed


@dataclass(frozen=True)
class JobSummary:
    """The jobs of a build as a card shows them; `counts` is empty until a read has returned totals."""

    counts: dict[str, int] = field(default_factory=dict)
    failed: tuple[Job, ...] = ()
    waiting: tuple[Job, ...] = ()


class ShownReason(TypedDict):
    """Why a build hasn't begun, as stored: its text, and if a button helps, its label, its call and its choice.

    Screen readers read `reads` for the button.
    """

    text: str
    label: NotRequired[str]
    call: NotRequired[str]
    choice: NotRequired[str]
    reads: NotRequired[str | None]


@dataclass(frozen=True)
class PreviewedLink:
    """The link that a card is the preview of; `job` is the job that it names, `by` the person who pasted it."""

    url: str
    job: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class NewCard:
    """A card to add: its place, and how it differs from others. The fields are those of `Card`.

    `invocation` is the id of the request that asked for it. `ts` is known only for the preview of a link. A
    `retired` card only records that the message is there, and is never drawn.
    """

    id: str
    thread: Thread
    asked_by: str | None = None
    invocation: str | None = None
    watching: bool = False
    origin: CardOrigin = "asked"
    subscription: str | None = None
    updates: str = "all"
    broadcast: bool = False
    ts: str | None = None
    unfurl: PreviewedLink | None = None
    retired: bool = False
    agent: str | None = None


@dataclass(frozen=True)
class Card:
    """One message that represents one build.

    `state` is live, gone (deleted in Slack, or its channel became shared) or retired. `watching`: the requester
    didn't start the build, but wanted to follow it. `origin` is asked (a person requested it), subscribed (a
    `subscription` wanted it) or unfurled (below a link; `unfurl` holds the link). `shown` is the fingerprint of
    the message as people see it. `updates` selects the replies (all, important, end). `broadcast`: a failure is
    also shown in the channel. `mentions` is the Slack user id of the build's author. `muted`: no more replies.
    `agent` is the program that asked for it in the requester's name, with an API token.
    """

    id: str
    build_id: str
    thread: Thread
    ts: str | None
    asked_by: str | None
    shown: str | None = None
    intent_at: datetime | None = None
    due_at: datetime | None = None
    state: str = "live"
    created_at: datetime | None = None
    attempts: int = 0
    reposts: int = 0
    watching: bool = False
    origin: CardOrigin = "asked"
    subscription: str | None = None
    updates: str = "all"
    broadcast: bool = False
    mentions: str | None = None
    muted: bool = False
    unfurl: PreviewedLink | None = None
    agent: str | None = None

    @property
    def own_thread(self) -> Thread:
        """Return the thread that the card's replies are in: the one it was posted in, or its own."""
        return Thread(self.thread.team, self.thread.channel, self.thread.ts or self.ts)


@dataclass(frozen=True)
class DueCard:
    """A card to draw, with its tracked build as it is now."""

    card: Card
    tracked: TrackedBuild | None

    @property
    def id(self) -> str:
        """Return the card's id."""
        return self.card.id

    @property
    def attempts(self) -> int:
        """Return how many calls have failed since the card was last shown."""
        return self.card.attempts


@dataclass(frozen=True)
class DrawnCard:
    """A card as Slack shows it: its message, a digest of it, and the revision of the build that it shows.

    It has to be drawn again at `redraw_at`, and never again if it is final.
    """

    ts: str
    shown: str
    revision: int
    redraw_at: datetime | None
    is_final: bool


@dataclass(frozen=True)
class QueuedMessage:
    """A message to post exactly once: a reply to a card, or a public answer with its `body`; unique by `key`.

    One that has been posted, with its `ts`, is edited once its buttons have nothing left to do: an answer when
    something happens to what it's `about`, a reply when its build changes. `body` then is what Slack shows.
    """

    id: int
    key: str
    kind: str
    thread: Thread
    card_id: str | None = None
    generation: int = 0
    body: Message | None = None
    intent_at: datetime | None = None
    ts: str | None = None
    due_at: datetime | None = None
    asked_by: str | None = None
    created_at: datetime | None = None
    attempts: int = 0
    about: str | None = None
