"""The things both vendors speak of, as values: Buildkite's objects, and Thread, Card, Actor of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from bot.objects import BUILD_CANCELABLE as BUILD_CANCELABLE
from bot.objects import BUILD_ENDED as BUILD_ENDED
from bot.objects import GATES as GATES
from bot.objects import JOB_FAILED as JOB_FAILED
from bot.objects import JOB_RETRIABLE as JOB_RETRIABLE
from bot.objects import AccessToken as AccessToken
from bot.objects import Agent as Agent
from bot.objects import AgentStub as AgentStub
from bot.objects import AnyPerson as AnyPerson
from bot.objects import Build as Build
from bot.objects import BuildRef as BuildRef
from bot.objects import Job as Job
from bot.objects import JobStateCounts as JobStateCounts
from bot.objects import Moment as Moment
from bot.objects import NotificationService as NotificationService
from bot.objects import Person as Person
from bot.objects import Pipeline as Pipeline
from bot.objects import PipelineStub as PipelineStub
from bot.objects import Queue as Queue
from bot.objects import RebuiltFrom as RebuiltFrom
from bot.objects import RetrySource as RetrySource
from bot.objects import TriggeredBuild as TriggeredBuild
from bot.objects import Vendor as Vendor
from bot.objects import moment as moment
from bot.objects import person as person

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
class Known:
    """What is known of a build.

    `doubt` counts what was heard, `settled` how much of it a read has answered; `revision` grows with every
    change that people see; `episode` with every new life of a build that had ended. `read_at` is when the
    last read was asked for, `read_phase` and `read_end` what it found.
    """

    build: Build
    seen_at: datetime
    read_at: datetime | None = None
    doubt: int = 0
    settled: int = 0
    revision: int = 0
    episode: int = 0
    gone: bool = False
    read_phase: str | None = None
    read_end: datetime | None = None
    doubt_since: datetime | None = None

    @property
    def doubtful(self) -> bool:
        """Something was heard that no read has answered yet."""
        return self.doubt > self.settled


@dataclass(frozen=True)
class JobSummary:
    """The jobs of a build as a card shows them; `counts` is empty until a read has brought totals."""

    counts: dict[str, int] = field(default_factory=dict)
    failed: tuple[Job, ...] = ()
    waiting: tuple[Job, ...] = ()


@dataclass(frozen=True)
class Card:
    """One message that stands for one build.

    `state` is live, gone (deleted in Slack, or its channel was shared) or retired.

    `watching`: who asked did not start the build, but wanted it followed. `origin`: asked (somebody asked for
    it), subscribed (a `subscription` wanted it) or unfurled (drawn below a link; `unfurl` says which).
    `updates`: which replies are said below it (all, important, end); `broadcast`: a failure is shown in the
    channel as well; `mentions`: the Slack user id of the one whose build it is; `muted`: nothing more is said.
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
    origin: str = "asked"
    subscription: str | None = None
    updates: str = "all"
    broadcast: bool = False
    mentions: str | None = None
    muted: bool = False
    unfurl: dict[str, Any] | None = None


@dataclass(frozen=True)
class Notice:
    """A message that is posted once: a thread reply of a card, or a public answer; unique by `key`."""

    id: int
    key: str
    kind: str
    thread: Thread
    card_id: str | None = None
    episode: int = 0
    body: dict[str, Any] | None = None
    intent_at: datetime | None = None
    ts: str | None = None
    due_at: datetime | None = None
    asked_by: str | None = None
    created_at: datetime | None = None
    attempts: int = 0


@dataclass(frozen=True)
class Invocation:
    """Something that was asked for.

    `state`: accepted (written, not begun), running, proposed (waits for an answer), done, refused, failed,
    unknown (it may have happened; to be looked for).
    """

    id: str
    key: str
    operation: str
    args: dict[str, Any]
    user: str
    thread: Thread
    via: Via
    state: str = "accepted"
    response_url: str | None = field(default=None, repr=False)
    outcome: dict[str, Any] | None = None
    attempts: int = 0
    created_at: datetime | None = None
    started_at: datetime | None = None
    closed_at: datetime | None = None


@dataclass(frozen=True)
class Choice:
    """What a button of a private message or a form stands for: it pins who may use it, and where it leads.

    `confirmed`: the question has been answered; `form`: it opens the form; `direct`: the updates go by DM.
    An empty `operation` means: do nothing.
    """

    id: str
    operation: str
    args: dict[str, Any]
    thread: Thread
    user: str | None = None
    confirmed: bool = False
    form: bool = False
    direct: bool = False
