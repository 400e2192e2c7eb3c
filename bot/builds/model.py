from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bot.buildkite.models import Build, Job
from bot.slack.types import Thread


@dataclass(frozen=True)
class TrackedBuild:
    """What is known of a build.

    `doubt` counts what was heard, `settled` how much of it a read has answered; `revision` grows with every
    change that people see; `episode` with every new life of a build that had ended. `read_at` is when the
    last read was asked for, `read_phase` and `read_end` what it found.
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
        """Something was heard that no read has answered yet."""
        return self.changes_reported > self.changes_confirmed


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
class QueuedMessage:
    """A message that is posted once: a thread reply of a card, or a public answer; unique by `key`."""

    id: int
    key: str
    kind: str
    thread: Thread
    card_id: str | None = None
    generation: int = 0
    body: dict[str, Any] | None = None
    intent_at: datetime | None = None
    ts: str | None = None
    due_at: datetime | None = None
    asked_by: str | None = None
    created_at: datetime | None = None
    attempts: int = 0
