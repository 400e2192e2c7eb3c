"""Tables as Slack's table block, or as lines of text for workspaces that don't support it yet.

https://docs.slack.dev/reference/block-kit/blocks/data-table-block
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
_TEXT_KEYS = ("text", "url", "fallback")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")
Cell = dict[str, Any]
Cells = list[list[Cell]]


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
    block = {
        "type": KIND,
        "block_id": f"rows {pages}".strip(),
        "caption": shorten(_flatten(strip_markup(escape(table.caption or title))) or NOTHING, CAPTION_LIMIT),
        "rows": cells,
        "page_size": len(cells) - 1,
        "row_header_column_index": kept.index(table.named_by) if table.named_by in kept else 0,
    }
    return [block, *more]


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
    return sum(
        len(str(part.get(key, "")))
        for row in cells
        for cell in row
        for part in _list_parts(cell)
        for key in _TEXT_KEYS
    )


def _list_parts(cell: Mapping[str, Any]) -> list[Cell]:
    if cell["type"] != "rich_text":
        return [dict(cell)]
    return [part for line in cell["elements"] for part in line["elements"]]


def _make_cell(text: str, limit: int) -> Cell:
    """Return a cell that is never empty; safe text with links or styles becomes rich text."""
    if not isinstance(text, Mrkdwn):
        return _make_raw_cell(shorten(_flatten(strip_unseen(text)), limit))
    parts = rich_text.cut_elements(rich_text.parse_elements(Mrkdwn(_flatten(text))), limit)
    if all(part["type"] == "text" and not part.get("style") for part in parts):
        return _make_raw_cell(rich_text.extract_text(parts))
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}


def _make_raw_cell(text: str) -> Cell:
    if _NUMBER.fullmatch(text):
        return {"type": "raw_number", "value": int(text), "text": text}
    return {"type": "raw_text", "text": text.strip() or NOTHING}


def _flatten(text: str) -> str:
    return " ".join(strip_unprintable(text).split())


def render_plain_table(block: Mapping[str, Any]) -> list[Block]:
    """Return the rows as lines of text: dotted lines if there are links, else aligned columns."""
    head, *rows = block["rows"]
    caption = context(block["caption"], block_id="caption")
    linked = any(cell["type"] == "rich_text" for row in rows for cell in row)
    return [caption, *(_render_dotted(rows) if linked else _render_aligned([head, *rows]))]


def _render_dotted(rows: Iterable[Sequence[Mapping[str, Any]]]) -> list[Block]:
    lines = [
        join_dotted([text for text in map(_render_cell, row) if text != NOTHING]) or escape(NOTHING)
        for row in rows
    ]
    return [section(text, block_id=f"rows:{index}") for index, text in enumerate(pack_lines(lines))]


def _render_cell(cell: Mapping[str, Any]) -> Mrkdwn:
    return rich_text.render_mrkdwn(_list_parts(cell)) if cell["type"] == "rich_text" else escape(cell["text"])


def _render_aligned(rows: Sequence[Sequence[Mapping[str, Any]]]) -> list[Block]:
    cells = [[shorten(cell["text"].replace("```", "ˋˋˋ"), _ALIGNED_CELL) for cell in row] for row in rows]
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
