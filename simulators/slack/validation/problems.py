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

    def check_count(self, items: Any, at: str, least: int, most: int) -> None:
        """Check an array of `least` to `most` items."""
        if not isinstance(items, list):
            self.add("must be an array", at)
        elif len(items) < least:
            self.add(f"must contain at least {least} items", at)
        elif len(items) > most:
            self.add(f"no more than {most} items allowed", at)

    def check_string(
        self, holder: Json, key: str, at: str, limit: str, *, required: bool = True, empty: bool = False
    ) -> None:
        """Check the length of a bare string."""
        if holder.get(key) is None:
            if required:
                self.add(f"missing required field: {key}", at)
        elif not isinstance(holder[key], str):
            self.add("must be a string", f"{at}/{key}")
        else:
            self.check_length(holder[key], f"{at}/{key}", self.limits[limit], least=0 if empty else 1)

    def check_length(self, words: str, at: str, most: int, *, least: int = 1) -> None:
        """Check a length in code points."""
        if len(words) > most:
            self.add(f"must be less than {most + 1} characters", at)
        if len(words) < least:
            self.add(f"must be more than {least - 1} characters", at)

    def check_text(
        self, holder: Any, key: str | int, at: str, limit: str, *, plain: bool = False, required: bool = True
    ) -> None:
        """Check a text object and its length; `plain` allows plain_text only."""
        text = holder.get(key) if isinstance(holder, dict) else holder[key]
        at = f"{at}/{key}"
        if text is None:
            if required:
                self.add(f"missing required field: {key}", at.rsplit("/", 1)[0])
            return
        allowed = ("plain_text",) if plain else ("plain_text", "mrkdwn")
        if not isinstance(text, dict) or text.get("type") not in allowed:
            self.add("failed to match all allowed schemas", at)
        elif not isinstance(text.get("text"), str):
            self.add("missing required field: text", at)
        else:
            self.check_length(text["text"], f"{at}/text", self.limits[limit])

    @staticmethod
    def cell_length(block: Json) -> int:
        """Return the number of characters in all cells of a table block; 0 for other blocks."""
        rows = block.get("rows") if block.get("type") in ("table", "data_table") else []
        cells = [cell for row in rows or [] if isinstance(row, list) for cell in row if isinstance(cell, dict)]
        return sum(len(render_cell(cell)) for cell in cells)
