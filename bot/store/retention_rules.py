"""Declares how long the rows of a table are kept: every table says so itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import sqlalchemy as sa

_RULES = "retention rules"
# Restricts the rows that are old enough; gets the table and the time before which a row is old.
Condition: TypeAlias = Callable[[sa.Table, datetime], sa.ColumnElement[bool]]


def match_all(_table: sa.Table, _before: datetime) -> sa.ColumnElement[bool]:
    """Match every row: the default."""
    return sa.true()


@dataclass(frozen=True)
class DeletedAfter:
    """Rows are deleted once the time in `column` is `age` ago, if they match `only`.

    `event` says for people what happened at that time. `oldest_first` considers only as many rows as a batch has,
    by their ids, for a large table whose time has no index.
    """

    age: timedelta
    column: str
    event: str
    only: Condition = match_all
    oldest_first: bool = False

    def describe(self) -> str:
        """Return it in words."""
        hours = round(self.age.total_seconds() / 3600)
        return f"{f'{hours} hours' if hours < 48 else f'{hours // 24} days'} after {self.event}"


@dataclass(frozen=True)
class DeletedWith:
    """Rows are deleted along with the row of table `parent` that their `column` names."""

    parent: str
    column: str

    def describe(self) -> str:
        """Return it in words."""
        return f"along with their row in `{self.parent}`"


@dataclass(frozen=True)
class KeptUntil:
    """Rows stay until something else happens, which `event` names for people."""

    event: str

    def describe(self) -> str:
        """Return it in words."""
        return self.event


RetentionRule: TypeAlias = DeletedAfter | DeletedWith | KeptUntil


def declare_retention(*rules: RetentionRule) -> dict[object, object]:
    """Return the `info` of a table with these rules."""
    return {_RULES: rules}


def find_rules(table: sa.Table) -> tuple[RetentionRule, ...]:
    """Return the rules that a table declares."""
    rules: tuple[RetentionRule, ...] = table.info.get(_RULES, ())
    return rules


def render_retention(tables: tuple[sa.Table, ...]) -> str:
    """Render the rules as a table for the documentation."""
    lines = (
        f"| `{table.name}` | {'; '.join(rule.describe() for rule in find_rules(table))} |" for table in tables
    )
    return "\n".join(("| Table | Rows are deleted |", "| --- | --- |", *lines))


def is_read(deliveries: sa.Table, _before: datetime) -> sa.ColumnElement[bool]:
    """Match read deliveries. If Buildkite sends a deleted one again, folding it again changes nothing."""
    return deliveries.c.state == "done"


def is_unread(builds: sa.Table, before: datetime) -> sa.ColumnElement[bool]:
    """Match builds that the poller no longer reads."""
    c = builds.c
    return sa.not_(sa.and_(c.followed, c.read_due.is_not(None), c.read_due >= before))


def previews_pipeline(cards: sa.Table, _before: datetime) -> sa.ColumnElement[bool]:
    """Match the records of unfurled pipeline links, which have no build to be deleted with."""
    return cards.c.build_id.startswith("pipeline:")


def is_ended_answer(notices: sa.Table, _before: datetime) -> sa.ColumnElement[bool]:
    """Match queued messages without a card that were posted or dropped."""
    return sa.and_(notices.c.card_id.is_(None), notices.c.state.in_(("done", "dropped")))


def is_answered(invocations: sa.Table, _before: datetime) -> sa.ColumnElement[bool]:
    """Match invocations whose answer was delivered; the audit log still records them."""
    return invocations.c.next_at.is_(None)


def is_over(proposals: sa.Table, _before: datetime) -> sa.ColumnElement[bool]:
    """Match proposals that can't run any more."""
    return proposals.c.state.not_in(("open", "approved"))


def is_sent(reminders: sa.Table, _before: datetime) -> sa.ColumnElement[bool]:
    """Match reminders that are due no more."""
    return reminders.c.due_at.is_(None)
