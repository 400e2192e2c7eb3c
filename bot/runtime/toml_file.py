"""On which line of a TOML text something stands, so that a mistake can be shown where it is."""

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
    """What is wrong with a table, and the key that is to blame."""

    def __init__(self, message: str, key: str = "") -> None:
        super().__init__(message)
        self.key = key


def match_pattern(pattern: re.Pattern[str], expected: str) -> AfterValidator:
    """Takes texts of that form alone; handles and names of channels in lower case."""

    def judge(text: str) -> str:
        if not pattern.fullmatch(text):
            raise ValueError(f"it should be {expected}")
        return text.lower() if text.startswith(("@", "#")) else text

    return AfterValidator(judge)


def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError('it should be a time zone such as "Europe/London"') from None


Zone = Annotated[Any, BeforeValidator(_zone)]


class TomlTable(BaseModel):
    """What all tables have in common: no key that is not known."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


T = TypeVar("T", bound=TomlTable)
_NAMED_TABLES = ("grant", "protect", "freeze", "quiet")


class InvalidFile(KitestringError):
    """A file of ours that cannot be used: `problems` are sentences, in the order of their lines."""

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
    """A file's text as its model has it. Raises `wrong`; `tables` are the models of its tables, by their names."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, said = describe_syntax_error(error, text)
        raise error_type((f"{file} line {line}: this is not TOML: {said}.",)) from None
    problems = list(_find_duplicate_names(raw, TomlLines(text)))
    try:
        document = model.model_validate(raw)
    except ValidationError as error:
        problems += [_describe_problem(detail, TomlLines(text), tables) for detail in error.errors(include_url=False)]
    if problems:
        raise error_type(tuple(f"{file} line {line}: {said}" for line, said in sorted(set(problems))))
    return document


def _find_duplicate_names(raw: Mapping[str, Any], lines: TomlLines) -> Iterator[tuple[int, str]]:
    """A name says which rule decided: it stands for one rule alone."""
    places = [(kind, index, name) for kind in _NAMED_TABLES for index, name in _iterate_names(raw.get(kind))]
    counts = Counter(name for _, _, name in places)
    seen: set[str] = set()
    for kind, index, name in places:
        if counts[name] > 1 and name in seen:
            yield (
                lines.find((kind, index, "name"), name),
                f"the name “{quote_word(name)}” is taken already; names must differ.",
            )
        seen.add(name)


def _iterate_names(tables: Any) -> Iterator[tuple[int, str]]:
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        if isinstance(table, dict) and isinstance(table.get("name"), str):
            yield index, table["name"]


def _describe_problem(detail: ErrorDetails, lines: TomlLines, tables: Mapping[str, type[TomlTable]]) -> tuple[int, str]:
    """One of pydantic's findings: its line, and a sentence of what is wrong and what is allowed."""
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
        ), f"this `[[{path[0]}]]` cannot be: {raised}."
    where = lines.find(path, value)
    return where, f"`{key}`{_quote_value(value)} {_describe_violation(detail)}."


def _innermost_table(path: tuple[int | str, ...], tables: Mapping[str, type[TomlTable]]) -> str:
    return next((part for part in reversed(path) if isinstance(part, str) and part in tables), "")


def _describe_unknown_key(key: str, table: str, tables: Mapping[str, type[TomlTable]]) -> str:
    model = tables[table]
    known = sorted(field.alias or name for name, field in model.model_fields.items())
    where = f"in `[[{table}]]`" if table else "at the top"
    return f"`{quote_word(key)}` is not known {where}. {suggest(key, known) or f'Known are {join_or(known)}.'}"


def _quote_value(value: object) -> str:
    return f" “{quote_word(value)}”" if isinstance(value, str | int | float) else ""


def _describe_violation(detail: ErrorDetails) -> str:
    bound, kind = detail.get("ctx", {}), detail["type"]
    if kind == "value_error":
        return f"does not do: {bound['error']}"
    if kind in {"literal_error", "enum"}:
        return f"is none of {str(bound['expected']).replace(chr(39), '')}"
    if kind.endswith("_type") and kind != "string_type":
        return _TYPE_SENTENCES.get(kind, "is not of the right kind")
    if kind in {"too_short", "string_too_short"}:
        return "is empty: leave it out, or name at least one"
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
    "string_type": lambda _: "should be a text in quotes",
    "string_too_long": lambda bound: f"is too long: at most {bound['max_length']} characters",
    "int_parsing": lambda _: "should be a whole number",
    "greater_than_equal": lambda bound: f"is too small: at least {bound['ge']}",
    "less_than_equal": lambda bound: f"is too big: at most {bound['le']}",
    "timezone_aware": lambda _: "needs a time zone, such as 2026-12-23T18:00:00Z",
}


_STRING_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_HEADER = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*$")
_ERROR_POSITION = re.compile(r"^(?P<said>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")
TomlPath = Sequence[str | int]


def describe_syntax_error(error: ValueError, text: str) -> tuple[int, str]:
    """The line of a syntax error, and what is wrong, as the parser says it: `… (at line 3, column 5)`."""
    match = _ERROR_POSITION.match(str(error))
    if match is None:
        return 1, str(error)
    if match["line"] is None:
        return text.count("\n") + 1, f"{match['said']} at the end of the file"
    return int(match["line"]), f"{match['said']} at column {match['column']}"


class TomlLines:
    """The lines of a text that has been parsed already, counted from 1."""

    def __init__(self, text: str) -> None:
        self._lines = _STRING_OR_COMMENT.sub(_blank_out, text).split("\n")

    def find(self, path: TomlPath, value: object = None) -> int:
        """The line of `("grant", 0, "permissions", 1)`, or of the nearest thing around it.

        `value` is what stands there: of a list over several lines its own line is found.
        """
        start, end = self._find_table_range(path)
        for key in [part for part in path[1:] if isinstance(part, str)]:
            start = self._find_key(key, start, end) or start
        return self._find_value(value, start, end) if isinstance(value, str) and path[1:] else start

    def _find_table_range(self, path: TomlPath) -> tuple[int, int]:
        """The first and the last line of an array's table, or of a key at the top."""
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
            if found := _HEADER.match(line):
                yield number, found[1].replace(" ", "")

    def _find_table_end(self, start: int, name: str) -> int:
        """The line before the next table that is not a part of this one."""
        later = (
            number for number, header in self._iterate_headers() if number > start and not header.startswith(f"{name}.")
        )
        return next(later, len(self._lines) + 1) - 1

    def _find_key(self, key: str, start: int, end: int) -> int | None:
        """Where a key is set, or a table of that name begins."""
        named = rf"""["']?{re.escape(key)}["']?"""
        wanted = re.compile(rf"""(?:^|[\s{{,.]){named}\s*(?:[=.])|\[[^\[\]]*(?:\.|\[)\s*{named}\s*\]""")
        return next((number for number in range(start, end + 1) if wanted.search(self._lines[number - 1])), None)

    def _find_inline_table(self, start: int, index: int) -> int:
        """The line of the index-th inline table after a key."""
        opened = -1
        for number in range(start, len(self._lines) + 1):
            opened += self._lines[number - 1].count("{")
            if opened >= index:
                return number
        return start

    def _find_value(self, value: str, start: int, end: int) -> int:
        quoted = (f'"{value}"'.lower(), f"'{value}'".lower())
        lines = range(start, end + 1)
        return next((at for at in lines if any(item in self._lines[at - 1].lower() for item in quoted)), start)


def _blank_out(found: re.Match[str]) -> str:
    """Comments and long strings become blanks, line for line; short strings stay to be found."""
    piece = found.group()
    if piece.startswith(('"""', "'''", "#")):
        return re.sub(r"[^\n]", " ", piece)
    return piece
