"""One page of a table, with what leads to the pages around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from bot.operations.operation import Operation
from bot.operations.reply import Button, Call, Reply
from bot.slack.blockkit.tables import Table

ROWS = 15
# A second page of very few rows is none: so many are shown at once.
WHOLE = 20
# How the action ids of the buttons begin that lead to other pages.
TURN = "page:"
# Beside an operation's own arguments; no field of a model can have that name.
KEY = "_page"


class _Cut(NamedTuple):
    """A page's rows, and where it stands: `last` and `total` where they are known."""

    table: Table
    number: int
    more: bool
    last: int | None
    total: int | None


def turned(args: Mapping[str, Any]) -> tuple[dict[str, Any], int]:
    """An operation's own arguments, and the page that a button leads to; 0 where it turns none."""
    return {name: value for name, value in args.items() if name != KEY}, int(args.get(KEY, 0))


def paged(reply: Reply, op: Operation, args: Mapping[str, Any], number: int) -> Reply:
    """The answer with page `number` of its table, counted from 1; the last one where there are fewer.

    `args` are what the same operation is asked for again with, on every page.
    """
    if reply.table is None or not reply.table.rows:
        return reply
    noun = reply.table.noun or (op.noun if op.verb == "list" else "row")
    captioned = replace(reply.table, noun=noun, caption=reply.table.caption or several(noun).capitalize())
    cut = _cut(captioned, number)
    if cut.number == 1 and not cut.more:
        return replace(reply, table=cut.table)
    buttons = (*_buttons(cut, op, args), *reply.buttons)
    return replace(reply, table=cut.table, pages=_where(cut), buttons=buttons)


def _cut(table: Table, number: int) -> _Cut:
    if table.page:
        page = table.page
        return _Cut(table, page.number, page.more, page.last if page.more else page.number, None)
    total = len(table.rows)
    last = 1 if total <= WHOLE else -(-total // ROWS)
    at = min(max(number, 1), last)
    rows = table.rows if last == 1 else table.rows[(at - 1) * ROWS : at * ROWS]
    return _Cut(replace(table, rows=rows), at, at < last, last, total)


def _where(cut: _Cut) -> str:
    """`Page 2 of 7 · 64 builds`, as far as that is known."""
    last = f" of {cut.last}" if cut.last else ""
    total = f" · {cut.total} {several(cut.table.noun)}" if cut.total else ""
    return f"Page {cut.number}{last}{total}"


def several(noun: str) -> str:
    """More than one of them: `builds`, `entries`."""
    return f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else f"{noun}s"


def _buttons(cut: _Cut, op: Operation, args: Mapping[str, Any]) -> tuple[Button, ...]:
    before, after = ("‹ Newer", "Older ›") if cut.table.newest_first else ("‹ Previous", "Next ›")
    back = _button(before, op, args, cut.number - 1) if cut.number > 1 else None
    on = _button(after, op, args, cut.number + 1) if cut.more else None
    return tuple(button for button in (back, on) if button)


def _button(label: str, op: Operation, args: Mapping[str, Any], number: int) -> Button:
    return Button(label, Call(op.name, {**args, KEY: number}), reads=f"Page {number}", turns=True)
