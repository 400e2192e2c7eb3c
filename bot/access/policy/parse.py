"""A policy file's text made into rules, or one sentence with its line for everything that is wrong with it."""

from __future__ import annotations

from datetime import timedelta

from bot.access.policy.file_schema import (
    TABLES,
    Document,
    Expectations,
    ExpectTable,
    FreezeTable,
    GrantTable,
    People,
    ProtectTable,
    QuietTable,
)
from bot.access.policy.rules import FULL, GUARDED, Freeze, Grant, Protect, Rules, Who
from bot.operations.operation import Permission
from bot.runtime.time_windows import DAYS, DailyWindow, OneTimeWindow, TimeWindow, WeeklyWindow
from bot.runtime.toml_file import InvalidFile, parse_toml
from bot.slack.types import Standing


class WrongPolicy(InvalidFile):
    """A policy file that cannot be used."""


def read(text: str, file: str = "policy.toml") -> tuple[Rules, tuple[ExpectTable, ...]]:
    """The rules of a policy file, and the expectations that stand in it. Raises WrongPolicy."""
    document = parse_toml(Document, text, file, TABLES, WrongPolicy)
    return _rules(document), document.expect


def expectations(text: str, file: str) -> tuple[ExpectTable, ...]:
    """The expectations of a file of its own. Raises WrongPolicy."""
    return parse_toml(Expectations, text, file, TABLES, WrongPolicy).expect


def _rules(document: Document) -> Rules:
    closings: list[FreezeTable | QuietTable] = [*document.freeze, *document.quiet]
    return Rules(
        grants=tuple(_grant(item) for item in document.grant),
        protects=tuple(_protect(item) for item in document.protect),
        freezes=tuple(_freeze(closing) for closing in closings),
        admins=document.admins,
        shared_channels=frozenset(document.shared_channels),
    )


def _grant(table: GrantTable) -> Grant:
    full = FULL if "member" in table.standings else frozenset(Standing(standing) for standing in table.standings)
    who = Who(frozenset(table.users), frozenset(table.groups), full)
    channels = frozenset(table.channels) if table.channels else None
    return Grant(
        table.name, who, frozenset[Permission](table.permissions), table.pipelines, table.branches, channels
    )


def _who(people: People) -> Who:
    return Who(frozenset(people.users), frozenset(people.groups))


def _operations(named: tuple[str, ...] | None) -> frozenset[str]:
    return GUARDED if named is None else frozenset(named)


def _protect(table: ProtectTable) -> Protect:
    return Protect(
        table.name,
        table.pipelines,
        _who(table.approvers) if table.approvers else None,
        _operations(table.operations),
        table.branches,
        table.approvals,
        table.expires if isinstance(table.expires, timedelta) else timedelta(minutes=30),
    )


def _freeze(table: FreezeTable | QuietTable) -> Freeze:
    kind = "freeze" if isinstance(table, FreezeTable) else "quiet hours"
    name = table.name or f"{kind} of {', '.join(table.pipelines)}"
    return Freeze(
        name, table.pipelines, _window(table), _who(table.exempt), table.reason, _operations(table.operations)
    )


def _window(table: FreezeTable | QuietTable) -> TimeWindow:
    if isinstance(table, QuietTable):
        return DailyWindow(table.begins, table.until, frozenset(DAYS.index(day) for day in table.days), table.zone)
    if isinstance(table.begins, tuple):
        (from_day, from_time), (until_day, until_time) = table.begins, table.until
        return WeeklyWindow(from_day, from_time, until_day, until_time, table.zone)
    return OneTimeWindow(table.moment(table.begins), table.moment(table.until), table.zone)
