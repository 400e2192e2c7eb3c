"""Writes many rows by one statement."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from bot.store.tables import Instant
from bot.store.transactions import Tx

# Makes a statement in a dialect, for values with those columns.
StatementFactory = Callable[[str, tuple[str, ...]], Any]
# From so many rows on it pays to prepare them for the driver.
DRIVER_THRESHOLD = 64


async def write_all(tx: Tx, make: StatementFactory, values: Sequence[Mapping[str, Any]]) -> None:
    """Execute what `make` makes with each of the values: columns by name, all with the same ones.

    Many are handed to the driver directly: SQLAlchemy's care for each value costs more than writing it. What is
    made for the same columns is made once.
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
def _make_statement(make: StatementFactory, dialect: str, columns: tuple[str, ...]) -> Any:
    return make(dialect, columns)


@lru_cache
def _prepare(make: StatementFactory, dialect: sa.Dialect, columns: tuple[str, ...]) -> _PreparedStatement:
    compiled = _make_statement(make, dialect.name, columns).compile(dialect=dialect, column_keys=list(columns))
    names = tuple(compiled.positiontup or ())
    times = tuple(at for at, name in enumerate(names) if isinstance(compiled.binds[name].type, Instant))
    return _PreparedStatement(str(compiled), names, times, {**compiled.params})


@dataclass(frozen=True)
class _PreparedStatement:
    """A statement as the driver takes it: its `text`, and the `names` of what it is given in their order.

    Of these the ones at `times` are moments; what is not among a row's values is `fixed`.
    """

    text: str
    names: tuple[str, ...]
    instants: tuple[int, ...]
    fixed: Mapping[str, Any]

    def bind(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """What the driver is given for one row; moments as `Instant` has them."""
        given = [values[name] if name in values else self.fixed[name] for name in self.names]
        for at in self.instants:
            given[at] = None if given[at] is None else given[at].timestamp()
        return tuple(given)
