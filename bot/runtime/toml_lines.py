"""Finds the lines of keys and values in a TOML text.

`tomllib` keeps no positions, so the line of a value is found again in the text, by its path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

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
