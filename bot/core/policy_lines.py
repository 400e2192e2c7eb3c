"""On which line of a TOML text something stands, so that a mistake can be shown where it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

_STRING_OR_COMMENT = re.compile(
    r'"""(?:\\.|[^\\])*?"""|\'\'\'.*?\'\'\'|"(?:\\.|[^"\\\n])*"|\'[^\'\n]*\'|#[^\n]*', re.DOTALL
)
_HEADER = re.compile(r"\s*\[{1,2}\s*([^\[\]]+?)\s*\]{1,2}\s*$")
_AT = re.compile(r"^(?P<said>.*?) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")

Path = Sequence[str | int]


def syntax(error: ValueError, text: str) -> tuple[int, str]:
    """The line of a syntax error, and what is wrong, as the parser says it: `… (at line 3, column 5)`."""
    found = _AT.match(str(error))
    if found is None:
        return 1, str(error)
    if found["line"] is None:
        return text.count("\n") + 1, f"{found['said']} at the end of the file"
    return int(found["line"]), f"{found['said']} at column {found['column']}"


class Lines:
    """The lines of a text that has been parsed already, counted from 1."""

    def __init__(self, text: str) -> None:
        self._lines = _STRING_OR_COMMENT.sub(_masked, text).split("\n")

    def find(self, path: Path, value: object = None) -> int:
        """The line of `("grant", 0, "permissions", 1)`, or of the nearest thing around it.

        `value` is what stands there: of a list over several lines its own line is found.
        """
        start, end = self._table(path)
        for key in [part for part in path[1:] if isinstance(part, str)]:
            start = self._key(key, start, end) or start
        return self._value(value, start, end) if isinstance(value, str) and path[1:] else start

    def _table(self, path: Path) -> tuple[int, int]:
        """The first and the last line of an array's table, or of a key at the top."""
        name = str(path[0]) if path else ""
        index = path[1] if len(path) > 1 and isinstance(path[1], int) else 0
        starts = [number for number, header in self._headers() if header == name]
        if index < len(starts):
            return starts[index], self._last(starts[index], name)
        start = self._key(name, 1, len(self._lines)) or 1
        inline = len(path) > 1 and isinstance(path[1], int)
        return self._brace(start, index) if inline else start, len(self._lines)

    def _headers(self) -> Iterator[tuple[int, str]]:
        for number, line in enumerate(self._lines, 1):
            if found := _HEADER.match(line):
                yield number, found[1].replace(" ", "")

    def _last(self, start: int, name: str) -> int:
        """The line before the next table that is not a part of this one."""
        later = (
            number for number, header in self._headers() if number > start and not header.startswith(f"{name}.")
        )
        return next(later, len(self._lines) + 1) - 1

    def _key(self, key: str, start: int, end: int) -> int | None:
        """Where a key is set, or a table of that name begins."""
        named = rf"""["']?{re.escape(key)}["']?"""
        wanted = re.compile(rf"""(?:^|[\s{{,.]){named}\s*(?:[=.])|\[[^\[\]]*(?:\.|\[)\s*{named}\s*\]""")
        return next((number for number in range(start, end + 1) if wanted.search(self._lines[number - 1])), None)

    def _brace(self, start: int, index: int) -> int:
        """The line of the index-th inline table after a key."""
        opened = -1
        for number in range(start, len(self._lines) + 1):
            opened += self._lines[number - 1].count("{")
            if opened >= index:
                return number
        return start

    def _value(self, value: str, start: int, end: int) -> int:
        quoted = (f'"{value}"'.lower(), f"'{value}'".lower())
        lines = range(start, end + 1)
        return next((at for at in lines if any(one in self._lines[at - 1].lower() for one in quoted)), start)


def _masked(found: re.Match[str]) -> str:
    """Comments and long strings become blanks, line for line; short strings stay to be found."""
    piece = found.group()
    if piece.startswith(('"""', "'''", "#")):
        return re.sub(r"[^\n]", " ", piece)
    return piece
