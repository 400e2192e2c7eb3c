"""A policy file's text made into rules, or one sentence with its line for everything that is wrong with it."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bot.core.operation import Permission
from bot.core.policy_calendar import DAYS, Daily, Span, Weekly, Window
from bot.core.policy_lines import Lines, syntax
from bot.core.policy_rules import FULL, GUARDED, Freeze, Grant, Protect, Rules, Who
from bot.core.policy_tables import (
    TABLES,
    Document,
    Expectations,
    ExpectTable,
    FreezeTable,
    GrantTable,
    People,
    ProtectTable,
    QuietTable,
    Table,
    Wrong,
)
from bot.core.words import either, near, shown
from bot.errors import KitestringError
from bot.model import Standing

T = TypeVar("T", bound=Table)
_NAMED = ("grant", "protect", "freeze", "quiet")


class WrongFile(KitestringError):
    """A file of ours that cannot be used: `problems` are sentences, in the order of their lines."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class WrongPolicy(WrongFile):
    """A policy file that cannot be used."""


def read(text: str, file: str = "policy.toml") -> tuple[Rules, tuple[ExpectTable, ...]]:
    """The rules of a policy file, and the expectations that stand in it. Raises WrongPolicy."""
    document = validated(Document, text, file)
    return _rules(document), document.expect


def expectations(text: str, file: str) -> tuple[ExpectTable, ...]:
    """The expectations of a file of its own. Raises WrongPolicy."""
    return validated(Expectations, text, file).expect


def validated(
    model: type[T],
    text: str,
    file: str,
    tables: Mapping[str, type[Table]] = TABLES,
    wrong: type[WrongFile] = WrongPolicy,
) -> T:
    """A file's text as its model has it. Raises `wrong`; `tables` are the models of its tables, by their names."""
    try:
        given = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, said = syntax(error, text)
        raise wrong((f"{file} line {line}: this is not TOML: {said}.",)) from None
    found = list(_twice(given, Lines(text)))
    try:
        document = model.model_validate(given)
    except ValidationError as error:
        found += [_problem(detail, Lines(text), tables) for detail in error.errors(include_url=False)]
    if found:
        raise wrong(tuple(f"{file} line {line}: {said}" for line, said in sorted(set(found))))
    return document


def _twice(given: Mapping[str, Any], lines: Lines) -> Iterator[tuple[int, str]]:
    """A name says which rule decided: it stands for one rule alone."""
    places = [(kind, index, name) for kind in _NAMED for index, name in _names(given.get(kind))]
    counts = Counter(name for _, _, name in places)
    seen: set[str] = set()
    for kind, index, name in places:
        if counts[name] > 1 and name in seen:
            yield (
                lines.find((kind, index, "name"), name),
                f"the name “{shown(name)}” is taken already; names must differ.",
            )
        seen.add(name)


def _names(tables: Any) -> Iterator[tuple[int, str]]:
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            yield index, table["name"]


def _problem(detail: ErrorDetails, lines: Lines, tables: Mapping[str, type[Table]]) -> tuple[int, str]:
    """One of pydantic's findings: its line, and a sentence of what is wrong and what is allowed."""
    path, value = detail["loc"], detail["input"]
    raised = detail.get("ctx", {}).get("error")
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    table = _table(path[:-1] if detail["type"] in {"missing", "extra_forbidden"} else path, tables)
    if detail["type"] == "missing":
        return lines.find(path[:-1]), f"`[[{table}]]` has no `{key}`."
    if detail["type"] == "extra_forbidden":
        return lines.find(path), _unknown(key, table, tables)
    if isinstance(raised, Wrong):
        return lines.find(
            (*path, raised.key) if raised.key else path
        ), f"this `[[{path[0]}]]` cannot be: {raised}."
    where = lines.find(path, value)
    return where, f"`{key}`{_given(value)} {_said(detail)}."


def _table(path: tuple[int | str, ...], tables: Mapping[str, type[Table]]) -> str:
    return next((part for part in reversed(path) if isinstance(part, str) and part in tables), "")


def _unknown(key: str, table: str, tables: Mapping[str, type[Table]]) -> str:
    model = tables[table]
    known = sorted(field.alias or name for name, field in model.model_fields.items())
    where = f"in `[[{table}]]`" if table else "at the top"
    return f"`{shown(key)}` is not known {where}. {near(key, known) or f'Known are {either(known)}.'}"


def _given(value: object) -> str:
    return f" “{shown(value)}”" if isinstance(value, str | int | float) else ""


def _said(detail: ErrorDetails) -> str:
    bound, kind = detail.get("ctx", {}), detail["type"]
    if kind == "value_error":
        return f"does not do: {bound['error']}"
    if kind in {"literal_error", "enum"}:
        return f"is none of {str(bound['expected']).replace(chr(39), '')}"
    if kind.endswith("_type") and kind != "string_type":
        return _KINDS.get(kind, "is not of the right kind")
    if kind in {"too_short", "string_too_short"}:
        return "is empty: leave it out, or name at least one"
    sentence = _SENTENCES.get(kind)
    return sentence(bound) if sentence else detail["msg"].lower()


_KINDS: Mapping[str, str] = {
    "tuple_type": 'should be a list, such as ["one", "two"]',
    "int_type": "should be a whole number",
    "model_type": 'should be a table, such as { groups = ["@release"] }',
    "model_attributes_type": "should be a table",
    "datetime_type": "should be a date and time such as 2026-12-23T18:00:00Z",
}
_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda _: "should be a text in quotes",
    "string_too_long": lambda bound: f"is too long: at most {bound['max_length']} characters",
    "int_parsing": lambda _: "should be a whole number",
    "greater_than_equal": lambda bound: f"is too small: at least {bound['ge']}",
    "less_than_equal": lambda bound: f"is too big: at most {bound['le']}",
    "timezone_aware": lambda _: "needs a time zone, such as 2026-12-23T18:00:00Z",
}


def _rules(document: Document) -> Rules:
    closings: list[FreezeTable | QuietTable] = [*document.freeze, *document.quiet]
    return Rules(
        grants=tuple(_grant(one) for one in document.grant),
        protects=tuple(_protect(one) for one in document.protect),
        freezes=tuple(_freeze(one) for one in closings),
        admins=document.admins,
        shared_channels=frozenset(document.shared_channels),
    )


def _grant(table: GrantTable) -> Grant:
    full = FULL if "member" in table.standings else frozenset(Standing(one) for one in table.standings)
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


def _window(table: FreezeTable | QuietTable) -> Window:
    if isinstance(table, QuietTable):
        return Daily(table.begins, table.until, frozenset(DAYS.index(day) for day in table.days), table.zone)
    if isinstance(table.begins, tuple):
        (from_day, from_time), (until_day, until_time) = table.begins, table.until
        return Weekly(from_day, from_time, until_day, until_time, table.zone)
    return Span(table.moment(table.begins), table.moment(table.until), table.zone)
