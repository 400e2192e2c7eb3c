"""Collects problems of blocks, each with a JSON pointer, in Slack's words."""

from typing import Any

from simulators.slack.visible_text import render_cell

Json = dict[str, Any]


class BlockProblems:
    """An ordered list of (message, pointer) about one surface; false if empty."""

    def __init__(self, limits: dict[str, int], surface: str = "message") -> None:
        self.surface = surface
        self.limits = limits
        self.entries: list[tuple[str, str]] = []

    def __bool__(self) -> bool:
        return bool(self.entries)

    def add(self, message: str, pointer: str) -> None:
        """Add a problem."""
        self.entries.append((message, pointer))

    def extend(self, other: "BlockProblems") -> None:
        """Add all problems of another check."""
        self.entries += other.entries

    def render_lines(self) -> list[str]:
        """Return lines as in the `errors` key of a reply."""
        return [f"{message} [json-pointer:{pointer}]" for message, pointer in self.entries]

    def check_count(self, items: list[Any], at: str, least: int, most: int) -> None:
        """Check that an array has `least` to `most` items."""
        if len(items) < least:
            self.add(f"must contain at least {least} items", at)
        elif len(items) > most:
            self.add(f"no more than {most} items allowed", at)

    def check_string(self, holder: Json, key: str, at: str, limit: str, *, empty: bool = False) -> None:
        """Check the length of a string, if it is there."""
        if key in holder:
            self.check_length(holder[key], f"{at}/{key}", self.limits[limit], least=0 if empty else 1)

    def check_length(self, text: str, at: str, most: int, *, least: int = 1) -> None:
        """Check a length in code points."""
        if len(text) > most:
            self.add(f"must be less than {most + 1} characters", at)
        if len(text) < least:
            self.add(f"must be more than {least - 1} characters", at)

    def check_text(self, holder: Json, key: str, at: str, limit: str) -> None:
        """Check the length of a text object, if it is there."""
        if key in holder:
            self.check_length(holder[key]["text"], f"{at}/{key}/text", self.limits[limit])

    @staticmethod
    def cell_length(block: Json) -> int:
        """Return the number of characters in all cells of a table block; 0 for other blocks."""
        rows = block["rows"] if block["type"] in ("table", "data_table") else []
        return sum(len(render_cell(cell)) for row in rows for cell in row)
