"""Small writes that people wait for: many of them share a transaction, and each learns its own outcome.

SQLite has one writer, and every commit syncs the disk. When many people press buttons while webhooks are being
folded, each of their writes would queue for a turn and a sync of its own, and Slack gives up after 3 seconds. So
all small writes that are waiting when the turn comes form one transaction: ten wait as long as one. The rows of
each statement are written by one call.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from bot.store.drivers import Driver, ReturnedRows, SqlCall, Values
from bot.store.outage import is_outage, raising_unavailable


class SmallStatement(Protocol):
    """A statement that one call executes for any number of rows of values."""

    def build_call(self, rows: Sequence[Values]) -> SqlCall:
        """Return the call for these rows."""

    def read_changes(self, rows: Sequence[Values], returned: ReturnedRows) -> Sequence[bool]:
        """Return for each row whether it changed anything, from the rows that the call returned."""


@dataclass(frozen=True)
class InsertUnlessExists:
    """Inserts rows, except those whose unique key is there already; the first column tells the rows apart."""

    table: str
    columns: tuple[str, ...]

    def build_call(self, rows: Sequence[Values]) -> SqlCall:
        row = f"({', '.join('?' * len(self.columns))})"
        statement = (
            f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES {', '.join([row] * len(rows))} "  # noqa: S608
            f"ON CONFLICT DO NOTHING RETURNING {self.columns[0]}"
        )
        return SqlCall(statement, [[value for values in rows for value in values]])

    def read_changes(self, rows: Sequence[Values], returned: ReturnedRows) -> Sequence[bool]:
        inserted = Counter(first for first, *_others in returned)
        changed = []
        for first, *_others in rows:
            changed.append(inserted[first] > 0)
            inserted[first] -= 1  # of equal rows only the first was inserted
        return changed


@dataclass(frozen=True)
class ForEachRow:
    """Executes a statement for each row of values, and counts each as changed."""

    statement: str

    def build_call(self, rows: Sequence[Values]) -> SqlCall:
        return SqlCall(self.statement, rows)

    def read_changes(self, rows: Sequence[Values], _returned: ReturnedRows) -> Sequence[bool]:
        return [True] * len(rows)


SqlStep: TypeAlias = tuple[SmallStatement, Values]


async def write_group(driver: Driver, writes: Sequence[Sequence[SqlStep]]) -> Sequence[bool | BaseException]:
    """Make writes durable; return for each whether its first step changed a row, or the error that undid it.

    Each write happens entirely or not at all. They share a transaction unless one of them is at fault; then each
    gets its own. Raise what makes all of them fail, such as a full disk.
    """
    try:
        return await _write_together(driver, writes)
    except Exception as error:
        if len(writes) == 1 or is_outage(error):
            raise
    return [await _write_alone(driver, steps) for steps in writes]


async def _write_alone(driver: Driver, steps: Sequence[SqlStep]) -> bool | BaseException:
    try:
        with raising_unavailable():
            [changed] = await _write_together(driver, [steps])
    except Exception as error:  # noqa: BLE001  (the caller of this write raises it)
        return error
    return changed


async def _write_together(driver: Driver, writes: Sequence[Sequence[SqlStep]]) -> Sequence[bool]:
    """Execute every statement once, for the rows of all writes."""
    rows: dict[SmallStatement, list[Values]] = {}
    for statement, values in (step for steps in writes for step in steps):
        rows.setdefault(statement, []).append(values)
    returned = await driver.execute([statement.build_call(batch) for statement, batch in rows.items()])
    remaining = {
        statement: iter(statement.read_changes(batch, rows_of_call))
        for (statement, batch), rows_of_call in zip(rows.items(), returned, strict=True)
    }
    results = [[next(remaining[statement]) for statement, _values in steps] for steps in writes]
    return [first for first, *_others in results]
