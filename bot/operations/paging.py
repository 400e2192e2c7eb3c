"""One page of a table, with buttons for the pages around it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

from bot.operations.operation import Operation
from bot.operations.reply import Button, Call, Reply
from bot.runtime.json_types import JsonObject
from bot.slack.blockkit.data_tables import Table

ROWS = 15
# Up to this many rows fit on a single page: a second page of two or three rows would only cost a click.
SINGLE_PAGE_ROWS = 20
# Prefix of the action ids of buttons that turn pages.
TURN = "page:"
# Key of the page number beside an operation's own arguments; pydantic allows no field with a leading underscore.
KEY = "_page"


class _Page(NamedTuple):
    """A page's rows and its position; `last` and `total` are None where unknown."""

    table: Table
    number: int
    more: bool
    last: int | None
    total: int | None


def split_page(args: JsonObject) -> tuple[JsonObject, int]:
    """Split a choice's arguments into the operation's own and the page to turn to; 0 for no page."""
    page = args.get(KEY, 0)
    return {name: value for name, value in args.items() if name != KEY}, page if isinstance(page, int) else 0


def paginate(reply: Reply, op: Operation, args: JsonObject, number: int) -> Reply:
    """Return the answer with page `number` of its table, counted from 1; the last page where there are fewer.

    `args` are the arguments that each page's buttons call the operation with.
    """
    if reply.table is None or not reply.table.rows:
        return reply
    noun = reply.table.noun or (op.noun if op.verb == "list" else "row")
    captioned = replace(reply.table, noun=noun, caption=reply.table.caption or pluralise(noun).capitalize())
    cut = _cut_page(captioned, number)
    if cut.number == 1 and not cut.more:
        return replace(reply, table=cut.table)
    buttons = (*_make_buttons(cut, op, args), *reply.buttons)
    return replace(reply, table=cut.table, page_label=_format_position(cut), buttons=buttons)


def _cut_page(table: Table, number: int) -> _Page:
    if table.page:
        page = table.page
        return _Page(table, page.number, page.more, page.last if page.more else page.number, None)
    total = len(table.rows)
    last = 1 if total <= SINGLE_PAGE_ROWS else -(-total // ROWS)
    at = min(max(number, 1), last)
    rows = table.rows if last == 1 else table.rows[(at - 1) * ROWS : at * ROWS]
    return _Page(replace(table, rows=rows), at, at < last, last, total)


def _format_position(cut: _Page) -> str:
    """Format the position as `Page 2 of 7 · 64 builds`, as far as it is known."""
    last = f" of {cut.last}" if cut.last else ""
    total = f" · {cut.total} {pluralise(cut.table.noun)}" if cut.total else ""
    return f"Page {cut.number}{last}{total}"


def pluralise(noun: str) -> str:
    """Return the plural of a noun: `builds`, `entries`."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def _make_buttons(cut: _Page, op: Operation, args: JsonObject) -> tuple[Button, ...]:
    before, after = ("‹ Newer", "Older ›") if cut.table.newest_first else ("‹ Previous", "Next ›")
    back = _make_button(before, op, args, cut.number - 1) if cut.number > 1 else None
    on = _make_button(after, op, args, cut.number + 1) if cut.more else None
    return tuple(button for button in (back, on) if button)


def _make_button(label: str, op: Operation, args: JsonObject, number: int) -> Button:
    return Button(label, Call(op.name, {**args, KEY: number}), spoken_label=f"Page {number}", turns_page=True)
