"""What of all that is known belongs on somebody's home."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.access.accounts.model import Account
from bot.access.approvals.model import Proposal
from bot.history.model import VERDICTS, Run
from bot.notifications.subscriptions.model import Subscription

WEEK = timedelta(days=7)
LIVE = frozenset({"creating", "scheduled", "running", "failing", "canceling"})
# Of a build that nobody follows an end may be missed: what was not heard of for so long is not said to run.
_SILENT = timedelta(hours=24)


@dataclass(frozen=True)
class Home:
    """Newest first. `known` is False where Slack shows no address, so that only builds asked for here count."""

    running: tuple[Run, ...] = ()
    blocked: tuple[Run, ...] = ()
    failed: tuple[Run, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    account: Account | None = None
    known: bool = True


def is_mine(run: Run, emails: Collection[str], asked: Collection[str]) -> bool:
    """Whether a build is somebody's: asked for here (`asked` are ids), written or started by their address.

    What a token started is its author's, where one is named: many people may start builds by one token.
    """
    if run.id in asked or run.author in emails:
        return True
    return run.creator in emails and not (run.source == "api" and run.author)


def select_running(runs: Iterable[Run], now: datetime) -> tuple[Run, ...]:
    """Those that live."""
    return _newest(run for run in runs if run.phase in LIVE and now - run.heard_at <= _SILENT)


def select_blocked(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Those that wait for somebody to unblock them."""
    return _newest(run for run in runs if run.phase == "blocked")


def select_failed(runs: Sequence[Run], now: datetime) -> tuple[Run, ...]:
    """The failures of the last week that still stand: the last verdict of their branch."""
    last: dict[tuple[str, str], Run] = {}
    for run in sorted(runs, key=lambda run: run.number):
        if run.phase in VERDICTS:
            last[(run.pipeline, run.branch)] = run
    return _newest(
        run for run in last.values() if run.phase == "failed" and run.finished_at and now - run.finished_at <= WEEK
    )


def _newest(runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(sorted(runs, key=lambda run: (run.created_at or run.heard_at, run.number), reverse=True))
