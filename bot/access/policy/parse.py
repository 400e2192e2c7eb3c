"""Parses a policy file into rules, or reports every mistake in it with its line."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.access.policy.file_schema import (
    POLICY_TABLES,
    ExpectationsDocument,
    ExpectTable,
    FreezeTable,
    GrantTable,
    PeopleTable,
    PolicyDocument,
    ProtectTable,
    QuietTable,
)
from bot.access.policy.rules import FULL_MEMBERS, GUARDED_VERBS, Freeze, Grant, Principals, Protection, Rules
from bot.operations.operation import Permission
from bot.runtime.time_windows import DAYS, DailyWindow, OneTimeWindow, TimeWindow, WeeklyWindow
from bot.runtime.toml_file import InvalidFile, parse_toml
from bot.slack.types import Standing


class InvalidPolicy(InvalidFile):
    """The policy file has mistakes."""


def parse_policy(text: str, file: str = "policy.toml") -> tuple[Rules, tuple[ExpectTable, ...]]:
    """Return the rules and the expectations of a policy file. Raise InvalidPolicy."""
    document = parse_toml(PolicyDocument, text, file, POLICY_TABLES, InvalidPolicy)
    return _build_rules(document), document.expect


def parse_expectations(text: str, file: str) -> tuple[ExpectTable, ...]:
    """Return the expectations of a file that has nothing else. Raise InvalidPolicy."""
    return parse_toml(ExpectationsDocument, text, file, POLICY_TABLES, InvalidPolicy).expect


def _build_rules(document: PolicyDocument) -> Rules:
    closings: list[FreezeTable | QuietTable] = [*document.freeze, *document.quiet]
    return Rules(
        grants=tuple(_build_grant(table) for table in document.grant),
        protections=tuple(_build_protection(table) for table in document.protect),
        freezes=tuple(_build_freeze(closing) for closing in closings),
        admins=document.admins,
        shared_channels=frozenset(document.shared_channels),
    )


def _build_grant(table: GrantTable) -> Grant:
    full = (
        FULL_MEMBERS
        if "member" in table.standings
        else frozenset(Standing(standing) for standing in table.standings)
    )
    who = Principals(frozenset(table.users), frozenset(table.groups), full)
    channels = frozenset(table.channels) if table.channels else None
    return Grant(
        table.name, who, frozenset[Permission](table.permissions), table.pipelines, table.branches, channels
    )


def _build_principals(people: PeopleTable) -> Principals:
    return Principals(frozenset(people.users), frozenset(people.groups))


def _select_verbs(named: tuple[str, ...] | None) -> frozenset[str]:
    return GUARDED_VERBS if named is None else frozenset(named)


def _build_protection(table: ProtectTable) -> Protection:
    return Protection(
        table.name,
        table.pipelines,
        _build_principals(table.approvers) if table.approvers else None,
        _select_verbs(table.operations),
        table.branches,
        table.approvals,
        table.expires if isinstance(table.expires, timedelta) else timedelta(minutes=30),
        table.approval_channel,
    )


def _build_freeze(table: FreezeTable | QuietTable) -> Freeze:
    kind = "freeze" if isinstance(table, FreezeTable) else "quiet hours"
    name = table.name or f"{kind} of {', '.join(table.pipelines)}"
    return Freeze(
        name,
        table.pipelines,
        _build_window(table),
        _build_principals(table.exempt),
        table.reason,
        _select_verbs(table.operations),
    )


def _get_zone(table: FreezeTable | QuietTable) -> ZoneInfo:
    """Return the zone of a table that was accepted although its times have no offset of their own."""
    assert table.zone is not None  # noqa: S101  (the table's own check)
    return table.zone


def _build_window(table: FreezeTable | QuietTable) -> TimeWindow:
    if isinstance(table, QuietTable):
        return DailyWindow(
            table.begins, table.until, frozenset(DAYS.index(day) for day in table.days), _get_zone(table)
        )
    if isinstance(table.begins, tuple):
        (from_day, from_time), (until_day, until_time) = table.begins, table.until
        return WeeklyWindow(from_day, from_time, until_day, until_time, _get_zone(table))
    return OneTimeWindow(table.resolve_moment(table.begins), table.resolve_moment(table.until), table.zone)
