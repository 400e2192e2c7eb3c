"""Checks table and data_table blocks as Slack does.

https://docs.slack.dev/reference/block-kit/blocks/data-table-block
"""

import re
from typing import Any

from simulators.slack.validation.problems import BlockProblems

Json = dict[str, Any]
_ID = re.compile(r"[A-Z][A-Z0-9]+")
_IDS = {"user": "user_id", "channel": "channel_id", "usergroup": "usergroup_id", "team": "team_id"}


def check_table(found: BlockProblems, block: Json, at: str) -> None:
    """Check rows of cells; a data_table also has a heading, a caption and pages."""
    rows, kind = block["rows"], block["type"]
    data = kind == "data_table"
    least = found.limits["data_table_rows_min_items"] if data else 1
    found.check_count(rows, f"{at}/rows", least, found.limits[f"{kind}_rows_max_items"])
    for row_at, row in enumerate(rows):
        place = f"{at}/rows/{row_at}"
        found.check_count(row, place, 1, found.limits[f"{kind}_columns_max_items"])
        for cell_at, cell in enumerate(row):
            _check_cell(found, cell, f"{place}/{cell_at}", head=data and row_at == 0)
    if data:
        found.check_string(block, "caption", at, "text_max_length")
        _check_row_lengths(found, rows, at)
        _check_numbers(found, block, at)


def _check_row_lengths(found: BlockProblems, rows: list[list[Json]], at: str) -> None:
    """Check that every row has as many cells as the heading."""
    if len({len(row) for row in rows}) > 1:
        found.add("all rows must have the same number of cells", f"{at}/rows")


def _check_numbers(found: BlockProblems, block: Json, at: str) -> None:
    size, named = block.get("page_size", 5), block.get("row_header_column_index", 0)
    low, high = (found.limits[f"data_table_page_size_{end}"] for end in ("min", "max"))
    if not isinstance(size, int) or not low <= size <= high:
        found.add(f"must be between {low} and {high}", f"{at}/page_size")
    if not isinstance(named, int) or not 0 <= named < max(len(row) for row in block["rows"] or [[{}]]):
        found.add("must be the index of a column", f"{at}/row_header_column_index")


def _check_cell(found: BlockProblems, cell: Json, at: str, *, head: bool) -> None:
    """Check a cell, which is never empty; a heading has no rich text."""
    if cell["type"] != "rich_text":
        found.check_length(cell["text"], f"{at}/text", found.limits["text_max_length"])
    elif head:
        found.add("failed to match all allowed schemas", at)
    else:
        check_rich_text(found, cell, at)


def check_rich_text(found: BlockProblems, block: Json, at: str) -> None:
    """Check rich text, in a cell or as a block."""
    found.check_count(block["elements"], f"{at}/elements", 1, 100)
    for index, part in enumerate(block["elements"]):
        _check_part(found, part, f"{at}/elements/{index}")


def _check_part(found: BlockProblems, part: Json, at: str) -> None:
    found.check_count(part["elements"], f"{at}/elements", 1, 1000)
    for index, element in enumerate(part["elements"]):
        place = f"{at}/elements/{index}"
        if "elements" in element:
            _check_part(found, element, place)
        elif not _is_good_leaf(element):
            found.add("failed to match all allowed schemas", place)


def _is_good_leaf(leaf: Json) -> bool:
    kind = leaf["type"]
    if kind in _IDS:
        return _ID.fullmatch(leaf[_IDS[kind]]) is not None
    if kind == "link":
        return re.match(r"(https?|mailto|slack):", leaf["url"]) is not None
    if kind == "date":
        return "{" in leaf["format"] and isinstance(leaf["timestamp"], int)
    return kind != "text" or bool(leaf["text"])
