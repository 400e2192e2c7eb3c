"""Selects the builds that a person's App Home shows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.access.accounts.model import Account
from bot.access.api_tokens.model import ApiToken
from bot.access.approvals.model import Proposal
from bot.history.model import VERDICTS, Run
from bot.notifications.subscriptions.model import Subscription

PREFIX = "home:"
HOME_SPAN = timedelta(days=7)
LIVE_PHASES = frozenset({"creating", "scheduled", "running", "failing", "canceling"})
# The end of a build that isn't tracked may be missed. One without news for this long isn't shown as running.
_MAX_SILENCE = timedelta(hours=24)


@dataclass(frozen=True)
class Home:
    """The contents of a person's App Home, newest first.

    `address_known` is False if Slack shows no email address: only builds started through the bot are theirs then.
    """

    running: tuple[Run, ...] = ()
    blocked: tuple[Run, ...] = ()
    failed: tuple[Run, ...] = ()
    proposals: tuple[Proposal, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    account: Account | None = None
    api_tokens: tuple[ApiToken, ...] = ()
    address_known: bool = True


def is_mine(run: Run, emails: Collection[str], requested: Collection[str]) -> bool:
    """Return whether a build is a person's: `requested` through the bot (ids), or by one of their addresses.

    A build created through the API is its author's, if it has one: many people may share the token behind it.
    """
    if run.id in requested or run.author in emails:
        return True
    return run.creator in emails and not (run.source == "api" and run.author)


def select_running(runs: Iterable[Run], now: datetime) -> tuple[Run, ...]:
    """Return the builds that are scheduled or running."""
    return _sort_newest_first(
        run for run in runs if run.phase in LIVE_PHASES and now - run.heard_at <= _MAX_SILENCE
    )


def select_blocked(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Return the builds that wait to be unblocked."""
    return _sort_newest_first(run for run in runs if run.phase == "blocked")


def select_failed(runs: Sequence[Run], now: datetime) -> tuple[Run, ...]:
    """Return the failures of the last week that are still the latest verdict of their branch."""
    last: dict[tuple[str, str], Run] = {}
    for run in sorted(runs, key=lambda run: run.number):
        if run.phase in VERDICTS:
            last[(run.pipeline, run.branch)] = run
    return _sort_newest_first(
        run
        for run in last.values()
        if run.phase == "failed" and run.finished_at and now - run.finished_at <= HOME_SPAN
    )


def _sort_newest_first(runs: Iterable[Run]) -> tuple[Run, ...]:
    return tuple(sorted(runs, key=lambda run: (run.created_at or run.heard_at, run.number), reverse=True))
