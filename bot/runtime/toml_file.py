"""Validates TOML files against pydantic models, and names the line of every mistake."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainValidator, ValidationError
from pydantic_core import ErrorDetails

from bot.errors import KitestringError
from bot.runtime.toml_lines import TomlLines, describe_syntax_error
from bot.runtime.wording import join_or, quote_word, suggest


class InvalidTable(ValueError):
    """A table whose keys contradict each other; `key` is the one to point at."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def match_pattern(pattern: re.Pattern[str], expected: str) -> AfterValidator:
    """Return a validator for strings that match `pattern`; it lowercases `@handles` and `#channels` like Slack."""

    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"it should be {expected}")
        return text.lower() if text.startswith(("@", "#")) else text

    return AfterValidator(check)


def _load_zone(name: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('it should be a time zone such as "Europe/London"') from None


Zone = Annotated[ZoneInfo | None, PlainValidator(_load_zone)]


class TomlTable(BaseModel):
    """The base of all tables' models: it rejects unknown keys, so that a misspelt key doesn't go unnoticed."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


T = TypeVar("T", bound=TomlTable)
# Tables whose `name` is quoted when their rule decides something, and must therefore be unique.
_NAMED_TABLES = ("grant", "protect", "freeze", "quiet")


class InvalidFile(KitestringError):
    """A configuration file that can't be used: `problems` are sentences, in the order of their lines."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def parse_toml(
    model: type[T],
    text: str,
    file: str,
    tables: Mapping[str, type[TomlTable]],
    error_type: type[InvalidFile],
) -> T:
    """Parse `text` into `model`, or raise `error_type` with all problems; `tables` are its tables' models."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, problem = describe_syntax_error(error, text)
        raise error_type((f"{file} line {line}: this isn't valid TOML: {problem}.",)) from None
    problems = list(_find_duplicate_names(raw, TomlLines(text)))
    try:
        document = model.model_validate(raw)
    except ValidationError as error:
        problems += [
            _describe_problem(detail, TomlLines(text), tables) for detail in error.errors(include_url=False)
        ]
    if problems:
        raise error_type(tuple(f"{file} line {line}: {problem}" for line, problem in sorted(set(problems))))
    return document


def _find_duplicate_names(raw: Mapping[str, object], lines: TomlLines) -> Iterator[tuple[int, str]]:
    """Yield a problem for each name that an earlier table already has."""
    places = [(kind, index, name) for kind in _NAMED_TABLES for index, name in _iterate_names(raw.get(kind))]
    counts = Counter(name for _, _, name in places)
    seen: set[str] = set()
    for kind, index, name in places:
        if counts[name] > 1 and name in seen:
            yield (
                lines.find((kind, index, "name"), name),
                f"the name “{quote_word(name)}” is already used; names must be unique.",
            )
        seen.add(name)


def _iterate_names(tables: object) -> Iterator[tuple[int, str]]:
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            yield index, table["name"]


def _describe_problem(
    detail: ErrorDetails, lines: TomlLines, tables: Mapping[str, type[TomlTable]]
) -> tuple[int, str]:
    """Return the line of one of pydantic's errors, and a sentence with what is wrong and what is allowed."""
    path, value = detail["loc"], detail["input"]
    raised = detail.get("ctx", {}).get("error")
    key = next((str(part) for part in reversed(path) if isinstance(part, str)), "")
    table = _innermost_table(path[:-1] if detail["type"] in {"missing", "extra_forbidden"} else path, tables)
    if detail["type"] == "missing":
        return lines.find(path[:-1]), f"`[[{table}]]` has no `{key}`."
    if detail["type"] == "extra_forbidden":
        return lines.find(path), _describe_unknown_key(key, table, tables)
    if isinstance(raised, InvalidTable):
        return lines.find(
            (*path, raised.key) if raised.key else path
        ), f"this `[[{path[0]}]]` is invalid: {raised}."
    line = lines.find(path, value)
    return line, f"`{key}`{_quote_value(value)} {_describe_violation(detail)}."


def _innermost_table(path: tuple[int | str, ...], tables: Mapping[str, type[TomlTable]]) -> str:
    return next((part for part in reversed(path) if isinstance(part, str) and part in tables), "")


def _describe_unknown_key(key: str, table: str, tables: Mapping[str, type[TomlTable]]) -> str:
    model = tables[table]
    known = sorted(field.alias or name for name, field in model.model_fields.items())
    place = f"in `[[{table}]]`" if table else "at the top level"
    hint = suggest(key, known) or f"Use {join_or(known)}."
    return f"`{quote_word(key)}` isn't a known key {place}. {hint}"


def _quote_value(value: object) -> str:
    return f" “{quote_word(value)}”" if isinstance(value, str | int | float) else ""


def _describe_violation(detail: ErrorDetails) -> str:
    bound, kind = detail.get("ctx", {}), detail["type"]
    if kind == "value_error":
        return f"isn't valid: {bound['error']}"
    if kind in {"literal_error", "enum"}:
        return f"isn't one of {str(bound['expected']).replace(chr(39), '')}"
    if kind.endswith("_type") and kind != "string_type":
        return _TYPE_SENTENCES.get(kind, "has the wrong type")
    if kind in {"too_short", "string_too_short"}:
        return "is empty: leave it out, or give at least one value"
    sentence = _SENTENCES.get(kind)
    return sentence(bound) if sentence else detail["msg"].lower()


_TYPE_SENTENCES: Mapping[str, str] = {
    "tuple_type": 'should be a list, such as ["one", "two"]',
    "int_type": "should be a whole number",
    "model_type": 'should be a table, such as { groups = ["@release"] }',
    "model_attributes_type": "should be a table",
    "datetime_type": "should be a date and time such as 2026-12-23T18:00:00Z",
}
_SENTENCES: Mapping[str, Callable[[Mapping[str, object]], str]] = {
    "string_type": lambda _: "should be a string in quotes",
    "string_too_long": lambda bound: f"is too long: at most {bound['max_length']} characters",
    "int_parsing": lambda _: "should be a whole number",
    "greater_than_equal": lambda bound: f"is too small: at least {bound['ge']}",
    "less_than_equal": lambda bound: f"is too large: at most {bound['le']}",
    "timezone_aware": lambda _: "needs a time zone, such as 2026-12-23T18:00:00Z",
}
