"""Locks: a pipeline that somebody keeps for themselves for a while."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.access.policy.rules import GUARDED, Refuse, Target, guarded, reaches
from bot.operations.git_names import tidy, tidy_slug
from bot.operations.operation import Operation
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, md, mention, when
from bot.slack.types import Actor


@dataclass(frozen=True)
class Lock:
    """`branch` is a pattern, None for every branch; `holder` a user id."""

    pipeline: str
    branch: str | None
    reason: str
    holder: str
    until: datetime
    created_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "pipeline", tidy_slug(self.pipeline))
        object.__setattr__(self, "branch", tidy(self.branch) if self.branch else None)

    @property
    def place(self) -> Mrkdwn:
        """What is locked, as people read it."""
        branch = md(", branch {name}", name=code(self.branch)) if self.branch else ""
        return md("{pipeline}{branch}", pipeline=code(self.pipeline), branch=branch)


def locked(op: Operation, target: Target, locks: Iterable[Lock], actor: Actor, now: datetime) -> Refuse | None:
    """Why a lock keeps this person from creating, rebuilding, retrying or unblocking there.

    The holder goes on working; a branch that is not known, or a commit that may name any, may be what is locked.
    """
    for lock in locks:
        about = guarded(GUARDED, (lock.pipeline,), op, target) and _of(lock, target)
        if about and lock.until > now and lock.holder != actor.id:
            return Refuse(
                f"lock of {lock.pipeline}", said(lock), "Ask them, or see `help lock` for taking it over."
            )
    return None


def _of(lock: Lock, target: Target) -> bool:
    return reaches((lock.branch,) if lock.branch else None, target)


def said(lock: Lock) -> Mrkdwn:
    """Who holds it, until when, and why."""
    until = when(lock.until, "{date_short_pretty} {time}")
    return md(
        "{place} is locked by {holder} until {until}: {reason}",
        place=lock.place,
        holder=mention(lock.holder),
        until=until,
        reason=lock.reason,
    )
