"""Tables as Slack's own block, and as lines of text where a workspace does not take that.

https://docs.slack.dev/reference/block-kit/blocks/data-table-block
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.slack.blockkit import rich_text
from bot.slack.blockkit.blocks import NOTHING, Block, context, dotted, packed, printable, section, shorten
from bot.slack.blockkit.mrkdwn import Mrkdwn, escape, visible
from bot.slack.blockkit.mrkdwn import plain as words

KIND = "data_table"
ROWS_LIMIT = 100
COLUMNS_LIMIT = 20
# Over all cells Slack takes 10,000; where its pages and libraries disagree, the smaller number holds.
CHARACTERS_LIMIT = 9500
CAPTION_LIMIT = 200
_CELLS = (300, 150, 80, 40)
_ALIGNED_CELL = 48
_SAID = ("text", "url", "fallback")
_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}")
Cell = dict[str, Any]
Cells = list[list[Cell]]


def drawn(table: Table, title: str = "", pages: str = "") -> list[Block]:
    """The table, its first column naming each row for those who listen; small print for what did not fit.

    Columns in which nothing stands are left out; long cells are cut until all of it fits, then rows. `title` is
    its caption where it has none of its own; `pages` names the page, so that another page is another block.
    """
    if not table.rows:
        return _nothing(table)
    kept, rows = _filled(table)
    columns = [table.columns[at] for at in kept]
    cells = _fitting(columns, rows[:ROWS_LIMIT])
    left = len(rows) - (len(cells) - 1)
    more = [context(f"… and {left} more", block_id="rows:more")] if left > 0 else []
    block = {
        "type": KIND,
        "block_id": f"rows {pages}".strip(),
        "caption": shorten(_flat(words(escape(table.caption or title))) or NOTHING, CAPTION_LIMIT),
        "rows": cells,
        "page_size": len(cells) - 1,
        "row_header_column_index": kept.index(table.named_by) if table.named_by in kept else 0,
    }
    return [block, *more]


def _nothing(table: Table) -> list[Block]:
    caption = [context(table.caption, block_id="caption")] if table.caption and not table.empty else []
    said = (
        section(table.empty, block_id="rows:0") if table.empty else context("Nothing to show.", block_id="rows:0")
    )
    return [*caption, said, *([context(table.hint, block_id="hint")] if table.hint else [])]


def _filled(table: Table) -> tuple[list[int], list[list[str]]]:
    """Which columns have something in them, and those of every row."""
    width = min(COLUMNS_LIMIT, len(table.columns))
    rows = [[*row, *[""] * (width - len(row))][:width] for row in table.rows]
    kept = [at for at in range(width) if any(row[at].strip() for row in rows)] or [0]
    return kept, [[row[at] for at in kept] for row in rows]


def _fitting(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> Cells:
    for limit in _CELLS:
        head = [_raw(shorten(_flat(visible(name)), limit)) for name in columns]
        cells = [head, *[[_cell(cell, limit) for cell in row] for row in rows]]
        if _size(cells) <= CHARACTERS_LIMIT:
            break
    while _size(cells) > CHARACTERS_LIMIT and len(cells) > 2:
        cells = cells[: max(2, len(cells) * 9 // 10)]
    return cells


def _size(cells: Cells) -> int:
    return sum(
        len(str(part.get(key, ""))) for row in cells for cell in row for part in _parts(cell) for key in _SAID
    )


def _parts(cell: Mapping[str, Any]) -> list[Cell]:
    if cell["type"] != "rich_text":
        return [dict(cell)]
    return [part for line in cell["elements"] for part in line["elements"]]


def _cell(text: str, limit: int) -> Cell:
    """Safe text as rich text where it has a link or a style, all else as it stands; never empty."""
    if not isinstance(text, Mrkdwn):
        return _raw(shorten(_flat(visible(text)), limit))
    parts = rich_text.cut(rich_text.elements(Mrkdwn(_flat(text))), limit)
    if all(part["type"] == "text" and not part.get("style") for part in parts):
        return _raw(rich_text.words(parts))
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}


def _raw(text: str) -> Cell:
    if _NUMBER.fullmatch(text):
        return {"type": "raw_number", "value": int(text), "text": text}
    return {"type": "raw_text", "text": text.strip() or NOTHING}


def _flat(text: str) -> str:
    return " ".join(printable(text).split())


def plain(block: Mapping[str, Any]) -> list[Block]:
    """The same rows as lines of text: with links dotted, without any as aligned columns."""
    head, *rows = block["rows"]
    caption = context(block["caption"], block_id="caption")
    linked = any(cell["type"] == "rich_text" for row in rows for cell in row)
    return [caption, *(_dotted(rows) if linked else _aligned([head, *rows]))]


def _dotted(rows: Iterable[Sequence[Mapping[str, Any]]]) -> list[Block]:
    lines = [dotted([text for text in map(_written, row) if text != NOTHING]) or escape(NOTHING) for row in rows]
    return [section(text, block_id=f"rows:{index}") for index, text in enumerate(packed(lines))]


def _written(cell: Mapping[str, Any]) -> Mrkdwn:
    return rich_text.mrkdwn(_parts(cell)) if cell["type"] == "rich_text" else escape(cell["text"])


def _aligned(rows: Sequence[Sequence[Mapping[str, Any]]]) -> list[Block]:
    cells = [[shorten(cell["text"].replace("```", "ˋˋˋ"), _ALIGNED_CELL) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    drawn_ = [escape("  ".join(map(str.ljust, row, widths)).rstrip()) for row in cells]
    return [
        section(Mrkdwn(f"```\n{pack}\n```"), block_id=f"rows:{index}") for index, pack in enumerate(packed(drawn_))
    ]


@dataclass(frozen=True)
class Page:
    """A page that Buildkite itself cut: its number from 1, whether there are more, and how many, where known."""

    number: int = 1
    more: bool = False
    last: int | None = None


@dataclass(frozen=True)
class Table:
    """Rows of a listing; cells are escaped unless they are `Mrkdwn`.

    All rows there are, of which one page is shown, or with `page` those of one page. `noun` is what a row is, in
    the singular, where the operation's own is not; `named_by` the column that names a row; `empty` the sentence
    said where there are no rows, with what was searched, and `hint` what to do then.
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
