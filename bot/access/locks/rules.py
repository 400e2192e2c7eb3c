"""Locks: for a while, only the holder may start, rebuild, retry or unblock builds of a pipeline."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.access.policy.rules import GUARDED_VERBS, Refuse, Target, is_guarded, may_match_branch
from bot.operations.git_names import normalise_reported_branch, normalise_reported_slug
from bot.operations.operation import Operation
from bot.slack.blockkit.mrkdwn import Mrkdwn, code, local_time, md, mention
from bot.slack.types import Actor


@dataclass(frozen=True)
class Lock:
    """A lock on a pipeline. `branch` is a pattern, None for every branch; `holder` is a user id."""

    pipeline: str
    branch: str | None
    reason: str
    holder: str
    until: datetime
    created_at: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "pipeline", normalise_reported_slug(self.pipeline))
        object.__setattr__(self, "branch", normalise_reported_branch(self.branch) if self.branch else None)

    @property
    def scope(self) -> Mrkdwn:
        """The locked pipeline and branch, as people read them."""
        branch = md(", branch {name}", name=code(self.branch)) if self.branch else ""
        return md("{pipeline}{branch}", pipeline=code(self.pipeline), branch=branch)


def find_lock_refusal(
    op: Operation, target: Target, locks: Iterable[Lock], actor: Actor, now: datetime
) -> Refuse | None:
    """Return the refusal if someone else's lock covers the operation.

    An unknown branch, or a commit that may name any branch, counts as locked: otherwise the lock would be easy
    to get around. The holder is never refused.
    """
    for lock in locks:
        covered = is_guarded(GUARDED_VERBS, (lock.pipeline,), op, target) and _may_apply(lock, target)
        if covered and lock.until > now and lock.holder != actor.id:
            return Refuse(
                f"lock of {lock.pipeline}",
                describe_lock(lock),
                "Ask them to unlock it, or see `help lock` to take it over.",
            )
    return None


def _may_apply(lock: Lock, target: Target) -> bool:
    return may_match_branch((lock.branch,) if lock.branch else None, target)


def describe_lock(lock: Lock) -> Mrkdwn:
    """Format a lock with its holder, end and reason."""
    until = local_time(lock.until, "{date_short_pretty} {time}")
    return md(
        "{place} is locked by {holder} until {until}: {reason}",
        place=lock.scope,
        holder=mention(lock.holder),
        until=until,
        reason=lock.reason,
    )
