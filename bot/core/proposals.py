"""A protected operation that waits for approvals: what it is, and what the votes so far make of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.core.policy_rules import Ask
from bot.model import Thread, Via


class State(StrEnum):
    """Where a proposal is: it leaves `open` once, for good."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Vote:
    """What one approver said last."""

    user: str
    approves: bool


@dataclass(frozen=True)
class Proposal:
    """Exactly what will run, and who has to agree. `digest` is of the operation and all its arguments."""

    id: str
    operation: str
    args: Mapping[str, Any]
    digest: str
    requester: str
    thread: Thread
    via: Via
    ask: Ask
    expires_at: datetime
    state: State = State.OPEN
    votes: tuple[Vote, ...] = ()
    ended_by: str | None = None
    ts: str | None = None
    shown: str | None = None
    intent_at: datetime | None = None
    due_at: datetime | None = None
    attempts: int = 0
    how: Mapping[str, Any] = field(default_factory=dict)


def tally(votes: Iterable[Vote], count: int) -> State:
    """One refusal ends it; `count` approvals of different people let it run; the order does not matter."""
    said = {vote.user: vote.approves for vote in votes}
    if not all(said.values()):
        return State.REFUSED
    return State.APPROVED if len(said) >= count else State.OPEN
