"""Writes many rows with one statement, past SQLAlchemy's per-row processing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import sqlalchemy as sa

from bot.store.columns import Instant
from bot.store.transactions import Tx

# Makes the statement for a dialect (by name) and for rows with these columns.
StatementFactory = Callable[[str, tuple[str, ...]], sa.Insert | sa.Update]
# From this many rows on, preparing them for the driver ourselves pays off; below it, the two ways cost the same.
DRIVER_THRESHOLD = 64


async def write_all(tx: Tx, make: StatementFactory, values: Sequence[Mapping[str, object]]) -> None:
    """Execute the statement from `make` once for each of `values`, which all have the same columns.

    From DRIVER_THRESHOLD rows on, they are passed to the driver directly: folding a batch of webhooks writes
    thousands of rows, and SQLAlchemy spends more time on a row's parameters than the database on writing it.
    Statements are cached, so `make` must be a module-level function: a lambda would miss the cache each time.
    """
    if not values:
        return
    columns = tuple(values[0])
    if len(values) < DRIVER_THRESHOLD:
        await tx.execute(_make_statement(make, tx.dialect.name, columns), values)
        return
    prepared = _prepare(make, tx.dialect, columns)
    await tx.exec_driver_sql(prepared.text, [prepared.bind(value) for value in values])


@lru_cache
def _make_statement(make: StatementFactory, dialect: str, columns: tuple[str, ...]) -> sa.Insert | sa.Update:
    return make(dialect, columns)


@lru_cache
def _prepare(make: StatementFactory, dialect: sa.Dialect, columns: tuple[str, ...]) -> _PreparedStatement:
    compiled = _make_statement(make, dialect.name, columns).compile(dialect=dialect, column_keys=list(columns))
    names = tuple(compiled.positiontup or ())
    times = tuple(at for at, name in enumerate(names) if isinstance(compiled.binds[name].type, Instant))
    return _PreparedStatement(str(compiled), names, times, {**compiled.params})


@dataclass(frozen=True)
class _PreparedStatement:
    """A statement in the driver's terms: its `text`, and the `names` of its parameters in order.

    Parameters at the indexes `instants` are times, which have to be converted as the column type `Instant` does.
    `fixed` holds the parameters that don't come from a row, such as literals in the statement.
    """

    text: str
    names: tuple[str, ...]
    instants: tuple[int, ...]
    fixed: Mapping[str, object]

    def bind(self, values: Mapping[str, object]) -> tuple[object, ...]:
        """Return the driver's parameters for one row."""
        parameters = [values[name] if name in values else self.fixed[name] for name in self.names]
        for index in self.instants:
            instant = parameters[index]
            parameters[index] = instant.timestamp() if isinstance(instant, datetime) else None
        return tuple(parameters)
