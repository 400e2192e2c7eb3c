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
Make = Callable[[str, tuple[str, ...]], Any]
# From so many rows on it pays to prepare them for the driver.
MANY = 64


async def write_all(tx: Tx, make: Make, values: Sequence[Mapping[str, Any]]) -> None:
    """Execute what `make` makes with each of the values: columns by name, all with the same ones.

    Many are handed to the driver directly: SQLAlchemy's care for each value costs more than writing it. What is
    made for the same columns is made once.
    """
    if not values:
        return
    columns = tuple(values[0])
    if len(values) < MANY:
        await tx.execute(_statement(make, tx.dialect.name, columns), values)
        return
    ready = _prepared(make, tx.dialect, columns)
    await tx.exec_driver_sql(ready.text, [ready.line(value) for value in values])


@lru_cache
def _statement(make: Make, dialect: str, columns: tuple[str, ...]) -> Any:
    return make(dialect, columns)


@lru_cache
def _prepared(make: Make, dialect: sa.Dialect, columns: tuple[str, ...]) -> _Prepared:
    compiled = _statement(make, dialect.name, columns).compile(dialect=dialect, column_keys=list(columns))
    names = tuple(compiled.positiontup or ())
    times = tuple(at for at, name in enumerate(names) if isinstance(compiled.binds[name].type, Instant))
    return _Prepared(str(compiled), names, times, {**compiled.params})


@dataclass(frozen=True)
class _Prepared:
    """A statement as the driver takes it: its `text`, and the `names` of what it is given in their order.

    Of these the ones at `times` are moments; what is not among a row's values is `fixed`.
    """

    text: str
    names: tuple[str, ...]
    times: tuple[int, ...]
    fixed: Mapping[str, Any]

    def line(self, values: Mapping[str, Any]) -> tuple[Any, ...]:
        """What the driver is given for one row; moments as `Instant` has them."""
        given = [values[name] if name in values else self.fixed[name] for name in self.names]
        for at in self.times:
            given[at] = None if given[at] is None else given[at].timestamp()
        return tuple(given)
