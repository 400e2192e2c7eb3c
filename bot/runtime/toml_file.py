"""Validates TOML files against pydantic models, and names the line of every mistake.

`tomllib` keeps no positions, so the line of a value is found again in the text, by its path.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from bot.errors import KitestringError
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


def _load_zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('it should be a time zone such as "Europe/London"') from None


Zone = Annotated[Any, BeforeValidator(_load_zone)]


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
    """Parse `text` into `model`, or raise `error_type` with all problems; `tables` are the tables' models by name."""
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


def _find_duplicate_names(raw: Mapping[str, Any], lines: TomlLines) -> Iterator[tuple[int, str]]:
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


def _iterate_names(tables: Any) -> Iterator[tuple[int, str]]:
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
_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_type": lambda _: "should be a string in quotes",
    "string_too_long": lambda bound: f"is too long: at most {bound['max_length']} characters",
    "int_parsing": lambda _: "should be a whole number",
    "greater_than_equal": lambda bound: f"is too small: at least {bound['ge']}",
    "less_than_equal": lambda bound: f"is too large: at most {bound['le']}",
    "timezone_aware": lambda _: "needs a time zone, such as 2026-12-23T18:00:00Z",
}


_STRING_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_HEADER = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*$")
_ERROR_POSITION = re.compile(
    r"^(?P<problem>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$"
)
TomlPath = Sequence[str | int]


def describe_syntax_error(error: ValueError, text: str) -> tuple[int, str]:
    """Return a syntax error's line and description, from the parser's message `… (at line 3, column 5)`."""
    match = _ERROR_POSITION.match(str(error))
    if match is None:
        return 1, str(error)
    if match["line"] is None:
        return text.count("\n") + 1, f"{match['problem']} at the end of the file"
    return int(match["line"]), f"{match['problem']} at column {match['column']}"


class TomlLines:
    """Finds the lines of keys and values in a TOML text that is known to parse; lines count from 1."""

    def __init__(self, text: str) -> None:
        self._lines = _STRING_OR_COMMENT.sub(_blank_out, text).split("\n")

    def find(self, path: TomlPath, value: object = None) -> int:
        """Return the line of a path such as `("grant", 0, "permissions", 1)`, or of the nearest part around it.

        With its `value`, an entry of a list that spans several lines is found on its own line.
        """
        start, end = self._find_table_range(path)
        for key in [part for part in path[1:] if isinstance(part, str)]:
            start = self._find_key(key, start, end) or start
        return self._find_value(value, start, end) if isinstance(value, str) and path[1:] else start

    def _find_table_range(self, path: TomlPath) -> tuple[int, int]:
        """Return the first and the last line of an array's table, or of a top-level key."""
        name = str(path[0]) if path else ""
        index = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
        starts = [number for number, header in self._iterate_headers() if header == name]
        if index < len(starts):
            return starts[index], self._find_table_end(starts[index], name)
        start = self._find_key(name, 1, len(self._lines)) or 1
        inline = len(path) > 1 and isinstance(path[1], int)
        return self._find_inline_table(start, index) if inline else start, len(self._lines)

    def _iterate_headers(self) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(self._lines, 1):
            if match := _HEADER.match(line):
                yield number, match[1].replace(" ", "")

    def _find_table_end(self, start: int, name: str) -> int:
        """Return the line before the next table that isn't part of this one."""
        later = (
            number
            for number, header in self._iterate_headers()
            if number > start and not header.startswith(f"{name}.")
        )
        return next(later, len(self._lines) + 1) - 1

    def _find_key(self, key: str, start: int, end: int) -> int | None:
        """Return the line on which the key is set, or a table of that name begins."""
        named = rf"""["']?{re.escape(key)}["']?"""
        wanted = re.compile(rf"""(?:^|[\s{{,.]){named}\s*(?:[=.])|\[[^\[\]]*(?:\.|\[)\s*{named}\s*\]""")
        return next((number for number in range(start, end + 1) if wanted.search(self._lines[number - 1])), None)

    def _find_inline_table(self, start: int, index: int) -> int:
        """Return the line of the index-th inline table after a key."""
        opened = -1
        for number in range(start, len(self._lines) + 1):
            opened += self._lines[number - 1].count("{")
            if opened >= index:
                return number
        return start

    def _find_value(self, value: str, start: int, end: int) -> int:
        quoted = (f'"{value}"'.lower(), f"'{value}'".lower())
        lines = range(start, end + 1)
        return next(
            (line for line in lines if any(text in self._lines[line - 1].lower() for text in quoted)), start
        )


def _blank_out(match: re.Match[str]) -> str:
    """Replace comments and multi-line strings by blanks, keeping line breaks; short strings stay searchable."""
    piece = match.group()
    if piece.startswith(('"""', "'''", "#")):
        return re.sub(r"[^\n]", " ", piece)
    return piece
