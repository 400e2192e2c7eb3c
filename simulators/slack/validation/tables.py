"""Checks table and data_table blocks as Slack does.

https://docs.slack.dev/reference/block-kit/blocks/data-table-block
"""

import re
from collections.abc import Callable
from typing import Any

from simulators.slack.validation.problems import BlockProblems

Json = dict[str, Any]
_CELLS = ("raw_text", "raw_number", "rich_text")
_PARTS = ("rich_text_section", "rich_text_list", "rich_text_quote", "rich_text_preformatted")
_ID = re.compile(r"[A-Z][A-Z0-9]+")


def check_table(found: BlockProblems, block: Json, at: str) -> None:
    """Check rows of cells; a data_table also has a heading, a caption and pages."""
    rows, kind = block.get("rows"), block["type"]
    data = kind == "data_table"
    least = found.limits["data_table_rows_min_items"] if data else 1
    found.check_count(rows, f"{at}/rows", least, found.limits[f"{kind}_rows_max_items"])
    for row_at, row in enumerate(rows if isinstance(rows, list) else []):
        place = f"{at}/rows/{row_at}"
        found.check_count(row, place, 1, found.limits[f"{kind}_columns_max_items"])
        for cell_at, cell in enumerate(row if isinstance(row, list) else []):
            _check_cell(found, cell, f"{place}/{cell_at}", head=data and row_at == 0)
    if data:
        found.check_string(block, "caption", at, "text_max_length")
        _check_row_lengths(found, rows, at)
        _check_numbers(found, block, at)


def _check_row_lengths(found: BlockProblems, rows: Any, at: str) -> None:
    """Check that every row has as many cells as the heading."""
    widths = {len(row) for row in rows or [] if isinstance(row, list)}
    if len(widths) > 1:
        found.add("all rows must have the same number of cells", f"{at}/rows")


def _check_numbers(found: BlockProblems, block: Json, at: str) -> None:
    size, named = block.get("page_size", 5), block.get("row_header_column_index")
    low, high = (found.limits[f"data_table_page_size_{end}"] for end in ("min", "max"))
    if not isinstance(size, int) or not low <= size <= high:
        found.add(f"must be between {low} and {high}", f"{at}/page_size")
    first = (block.get("rows") or [[]])[0]
    if named is not None and (not isinstance(named, int) or not 0 <= named < len(first)):
        found.add("must be the index of a column", f"{at}/row_header_column_index")


def _check_cell(found: BlockProblems, cell: Any, at: str, *, head: bool) -> None:
    """Check a cell: raw_text, raw_number or rich_text, never empty; no rich_text in a heading."""
    kind = cell.get("type") if isinstance(cell, dict) else None
    if kind not in _CELLS or (head and kind == "rich_text"):
        found.add("failed to match all allowed schemas", at)
    elif kind == "rich_text":
        _check_rich_text(found, cell, at)
    elif not isinstance(cell.get("text"), str) and kind == "raw_text":
        found.add("missing required field: text", at)
    elif kind == "raw_number" and not isinstance(cell.get("value"), int | float):
        found.add("missing required field: value", at)
    elif cell.get("text") == "":
        found.add("must be more than 0 characters", f"{at}/text")


def _check_rich_text(found: BlockProblems, cell: Json, at: str) -> None:
    parts = cell.get("elements")
    found.check_count(parts, f"{at}/elements", 1, 100)
    for part_at, part in enumerate(parts if isinstance(parts, list) else []):
        place = f"{at}/elements/{part_at}"
        if not isinstance(part, dict) or part.get("type") not in _PARTS:
            found.add("failed to match all allowed schemas", place)
        elif part["type"] != "rich_text_list":
            leaves = part.get("elements")
            found.check_count(leaves, f"{place}/elements", 1, 1000)
            for leaf_at, leaf in enumerate(leaves if isinstance(leaves, list) else []):
                _check_leaf(found, leaf, f"{place}/elements/{leaf_at}")


def _check_leaf(found: BlockProblems, leaf: Any, at: str) -> None:
    fits = _LEAVES.get(leaf.get("type")) if isinstance(leaf, dict) else None
    if fits is None or not fits(leaf):
        found.add("failed to match all allowed schemas", at)


def _has_text(leaf: Json) -> bool:
    return isinstance(leaf.get("text"), str) and bool(leaf["text"])


def _is_link(leaf: Json) -> bool:
    address = leaf.get("url")
    return isinstance(address, str) and re.match(r"(https?|mailto|slack):", address) is not None


def _is_date(leaf: Json) -> bool:
    written = isinstance(leaf.get("format"), str) and "{" in leaf["format"]
    return written and isinstance(leaf.get("timestamp"), int)


def _has_key(key: str) -> Callable[[Json], bool]:
    return lambda leaf: isinstance(leaf.get(key), str) and _ID.fullmatch(leaf[key]) is not None


_LEAVES: dict[Any, Callable[[Json], bool]] = {
    "text": _has_text,
    "link": _is_link,
    "date": _is_date,
    "user": _has_key("user_id"),
    "channel": _has_key("channel_id"),
    "usergroup": _has_key("usergroup_id"),
    "broadcast": lambda leaf: leaf.get("range") in ("here", "channel", "everyone"),
    "emoji": lambda leaf: isinstance(leaf.get("name"), str),
}
