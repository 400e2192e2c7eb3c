"""Tables as Slack's table block, or as lines of text for workspaces that don't support it yet.

https://docs.slack.dev/reference/block-kit/blocks/data-table-block
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec import Struct

from bot.slack.blockkit import rich_text
from bot.slack.blockkit.blocks import (
    NOTHING,
    Block,
    context,
    join_dotted,
    pack_lines,
    section,
    shorten,
    strip_unprintable,
)
from bot.slack.blockkit.mrkdwn import Mrkdwn, escape, strip_markup, strip_unseen

KIND = "data_table"
ROWS_LIMIT = 100
COLUMNS_LIMIT = 20
# Slack allows 10,000 characters in all cells; its docs and libraries disagree in detail, so stay below that.
CHARACTERS_LIMIT = 9500
CAPTION_LIMIT = 200
_CELLS = (300, 150, 80, 40)
_ALIGNED_CELL = 48
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")


class RawText(Struct, frozen=True, tag_field="type", tag="raw_text"):
    """A cell with plain text."""

    text: str


class RawNumber(Struct, frozen=True, tag_field="type", tag="raw_number"):
    """A cell with a number, by which Slack sorts."""

    value: int
    text: str


class RichTextLine(Struct, frozen=True, tag_field="type", tag="rich_text_section"):
    """A line of a cell with links or styles."""

    elements: list[rich_text.Element]


class RichText(Struct, frozen=True, tag_field="type", tag="rich_text"):
    """A cell with links or styles."""

    elements: list[RichTextLine]

    @property
    def parts(self) -> list[rich_text.Element]:
        """The elements of all lines."""
        return [element for line in self.elements for element in line.elements]

    @property
    def text(self) -> str:
        """The text that people read."""
        return rich_text.extract_text(self.parts)


Cell: TypeAlias = RawText | RawNumber | RichText
Cells: TypeAlias = list[list[Cell]]


class TableBlock(Struct, frozen=True, tag_field="type", tag=KIND):
    """Slack's block with a table."""

    block_id: str
    caption: str
    rows: Cells
    page_size: int
    row_header_column_index: int


def render_table(table: Table, title: str = "", pages: str = "") -> list[Block]:
    """Return the table's block, and small print if rows didn't fit.

    Screen readers use the column `named_by` to name each row. Empty columns are left out; then long cells are cut
    until the table fits, then rows. `title` is the caption of a table without its own. `pages` becomes part of the
    block's ID, so that Slack treats another page as another block.
    """
    if not table.rows:
        return _render_empty(table)
    kept, rows = _drop_empty_columns(table)
    columns = [table.columns[at] for at in kept]
    cells = _fit_cells(columns, rows[:ROWS_LIMIT])
    left = len(rows) - (len(cells) - 1)
    more = [context(f"… and {left} more", block_id="rows:more")] if left > 0 else []
    block = TableBlock(
        block_id=f"rows {pages}".strip(),
        caption=shorten(_flatten(strip_markup(escape(table.caption or title))) or NOTHING, CAPTION_LIMIT),
        rows=cells,
        page_size=len(cells) - 1,
        row_header_column_index=kept.index(table.named_by) if table.named_by in kept else 0,
    )
    return [msgspec.to_builtins(block), *more]


def _render_empty(table: Table) -> list[Block]:
    caption = [context(table.caption, block_id="caption")] if table.caption and not table.empty else []
    text = (
        section(table.empty, block_id="rows:0") if table.empty else context("Nothing to show.", block_id="rows:0")
    )
    return [*caption, text, *([context(table.hint, block_id="hint")] if table.hint else [])]


def _drop_empty_columns(table: Table) -> tuple[list[int], list[list[str]]]:
    """Return the indexes of columns that aren't empty, and the rows with only those columns."""
    width = min(COLUMNS_LIMIT, len(table.columns))
    rows = [[*row, *[""] * (width - len(row))][:width] for row in table.rows]
    kept = [at for at in range(width) if any(row[at].strip() for row in rows)] or [0]
    return kept, [[row[at] for at in kept] for row in rows]


def _fit_cells(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Cells:
    for limit in _CELLS:
        head = [_make_raw_cell(shorten(_flatten(strip_unseen(name)), limit)) for name in columns]
        cells = [head, *[[_make_cell(cell, limit) for cell in row] for row in rows]]
        if _count_characters(cells) <= CHARACTERS_LIMIT:
            break
    while _count_characters(cells) > CHARACTERS_LIMIT and len(cells) > 2:
        cells = cells[: max(2, len(cells) * 9 // 10)]
    return cells


def _count_characters(cells: Cells) -> int:
    return sum(_count_cell_characters(cell) for row in cells for cell in row)


def _count_cell_characters(cell: Cell) -> int:
    """Count what people read and the addresses of links."""
    if not isinstance(cell, RichText):
        return len(cell.text)
    return len(cell.text) + sum(len(part.url) for part in cell.parts if isinstance(part, rich_text.LinkElement))


def _make_cell(text: str, limit: int) -> Cell:
    """Return a cell that is never empty; safe text with links or styles becomes rich text."""
    if not isinstance(text, Mrkdwn):
        return _make_raw_cell(shorten(_flatten(strip_unseen(text)), limit))
    parts = rich_text.cut_elements(rich_text.parse_elements(Mrkdwn(_flatten(text))), limit)
    if all(isinstance(part, rich_text.TextElement) and part.style == rich_text.PLAIN for part in parts):
        return _make_raw_cell(rich_text.extract_text(parts))
    return RichText([RichTextLine(parts)])


def _make_raw_cell(text: str) -> Cell:
    if _NUMBER.fullmatch(text):
        return RawNumber(int(text), text)
    return RawText(text.strip() or NOTHING)


def _flatten(text: str) -> str:
    return " ".join(strip_unprintable(text).split())


def render_plain_table(block: Block) -> list[Block]:
    """Return the rows as lines of text: dotted lines if there are links, else aligned columns."""
    table = msgspec.convert(block, TableBlock)
    linked = any(isinstance(cell, RichText) for row in table.rows for cell in row)
    lines = _render_dotted(table.rows[1:]) if linked else _render_aligned(table.rows)
    return [context(table.caption, block_id="caption"), *lines]


def _render_dotted(rows: Iterable[Sequence[Cell]]) -> list[Block]:
    lines = [
        join_dotted([text for text in map(_render_cell, row) if text != NOTHING]) or escape(NOTHING)
        for row in rows
    ]
    return [section(text, block_id=f"rows:{index}") for index, text in enumerate(pack_lines(lines))]


def _render_cell(cell: Cell) -> Mrkdwn:
    return rich_text.render_mrkdwn(cell.parts) if isinstance(cell, RichText) else escape(cell.text)


def _render_aligned(rows: Sequence[Sequence[Cell]]) -> list[Block]:
    cells = [[shorten(cell.text.replace("```", "ˋˋˋ"), _ALIGNED_CELL) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [escape("  ".join(map(str.ljust, row, widths)).rstrip()) for row in cells]
    return [
        section(Mrkdwn(f"```\n{pack}\n```"), block_id=f"rows:{index}")
        for index, pack in enumerate(pack_lines(lines))
    ]


@dataclass(frozen=True)
class Page:
    """A page of a list that Buildkite paginates: its number from 1, whether more follow, the last one if known."""

    number: int = 1
    more: bool = False
    last: int | None = None


@dataclass(frozen=True)
class Table:
    """Rows of a listing; cells are escaped unless they are `Mrkdwn`.

    `rows` are all rows, which the bot paginates, or with `page` the rows of that page. `noun` names a row in the
    singular, if it isn't the operation's noun. `named_by` is the index of the column that names a row. `empty` is
    the sentence shown without rows, which should say what was searched; `hint` says what to do then.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""
    noun: str = ""
    empty: str = ""
    hint: str = ""
    page: Page | None = None
    newest_first: bool = False
    named_by: int = 0

    @property
    def summary(self) -> str:
        """The table in a sentence: its caption or, without rows, that it has none."""
        return self.caption if self.rows else self.empty or self.caption
