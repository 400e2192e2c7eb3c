"""A protected operation that waits for approvals: what it is, and what the votes so far make of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from bot.access.policy.rules import Ask
from bot.errors import UsageError
from bot.runtime.wording import quote_word
from bot.slack.types import Thread, Via

_WHOLE = re.compile(r"[0-9a-f]{40}", re.IGNORECASE)
_HEAD = "HEAD"


class State(StrEnum):
    """Where a proposal is: it leaves `open` once, for good."""

    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"
    DONE = "done"
    FAILED = "failed"


FRUITLESS = frozenset({State.REFUSED, State.WITHDRAWN, State.EXPIRED, State.FAILED})
"""How it ends when nothing came of it."""


@dataclass(frozen=True)
class Vote:
    """What one approver said last."""

    user: str
    approves: bool


@dataclass(frozen=True)
class Proposal:
    """Exactly what will run, and who has to agree. `digest` is of the operation and all its arguments.

    `how` it was asked for: `dm`, and `labels`, what people call those of the arguments that are ids.
    """

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
    said = frozenset(votes)
    if not all(vote.approves for vote in said):
        return State.REFUSED
    return State.APPROVED if len(said) >= count else State.OPEN


def agreed(proposal: Proposal, digest: str, count: int, counts: Callable[[str], bool]) -> bool:
    """Whether what `digest` names is exactly what was shown, and enough people who count still want it.

    `counts` says whether somebody's (a user id) approval is worth anything by the rules of now.
    """
    if proposal.digest != digest or not all(vote.approves for vote in proposal.votes):
        return False
    approvers = {vote.user for vote in proposal.votes} - {proposal.requester}
    return sum(counts(user) for user in approvers) >= count


def whole(operation: str, args: Mapping[str, Any]) -> None:
    """What others approve is one commit: the whole SHA, or HEAD, which the card says. Raises UsageError."""
    commit = str(args.get("commit") or _HEAD)
    if operation != "build create" or commit.upper() == _HEAD or _WHOLE.fullmatch(commit):
        return
    raise UsageError(
        f"`{quote_word(commit)}` may be another commit by the time this is approved.",
        "Give the whole SHA, 40 characters (`git rev-parse` says it), or leave the commit out to build HEAD.",
        "commit",
    )
