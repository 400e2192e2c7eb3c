"""Column types, and the meaning that every time column declares, by which a clock that was set is dealt with."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import TypeAlias

import sqlalchemy as sa

_MEANING = "time meaning"


class Instant(sa.types.TypeDecorator[datetime]):
    """A datetime with a time zone, stored as seconds since 1970: arithmetic is the same on both databases."""

    impl = sa.Double
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: sa.Dialect) -> float | None:
        return None if value is None else value.timestamp()

    def process_result_value(self, value: float | None, _dialect: sa.Dialect) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value, UTC)


class Sealed(sa.types.TypeDecorator[bytes]):
    """A value that the vault has encrypted; the type is how a rotation of its key finds the column."""

    impl = sa.LargeBinary
    cache_ok = True


class PlainMeaning(Enum):
    """The meaning of a time column if nothing is due at that time."""

    PAST = "a past event by the bot's own clock: never later than now"
    CACHED = "when the row was fetched: a row from the future is deleted, and fetched again when it's needed"
    FIXED = "told to people, a record, or given by another clock: stays as it is"


@dataclass(frozen=True)
class DueTime:
    """A time at which a loop acts. It plans none further ahead than `furthest`, and acting early does no harm."""

    furthest: timedelta


TimeMeaning: TypeAlias = PlainMeaning | DueTime
PAST, CACHED, FIXED = PlainMeaning.PAST, PlainMeaning.CACHED, PlainMeaning.FIXED
# Nothing that is tried again, or paced, waits longer.
DUE_SOON = DueTime(timedelta(minutes=10))


def make_time(name: str, meaning: TimeMeaning, *, null: bool = True) -> sa.Column[datetime]:
    """Make a column for a time."""
    return sa.Column(name, Instant, nullable=null, info=declare_time(meaning))


def declare_time(meaning: TimeMeaning) -> dict[object, object]:
    """Return the `info` of a column with this meaning."""
    return {_MEANING: meaning}


def make_text(name: str, *, null: bool = False, default: str | None = None) -> sa.Column[str]:
    """Make a column for text."""
    return sa.Column(name, sa.Text, nullable=null, server_default=default)


def make_flag(name: str) -> sa.Column[bool]:
    """Make a column for yes or no, which begins with no."""
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def make_count(name: str) -> sa.Column[int]:
    """Make a column for a number, which begins with 0."""
    return sa.Column(name, sa.Integer, nullable=False, server_default="0")


def find_meaning(column: sa.Column[object]) -> TimeMeaning | None:
    """Return what a time column means; None if it doesn't declare that."""
    meaning = column.info.get(_MEANING)
    return meaning if isinstance(meaning, PlainMeaning | DueTime) else None


def list_times(tables: Iterable[sa.Table]) -> Iterator[tuple[sa.Column[datetime], TimeMeaning]]:
    """Yield every column that declares the meaning of its time."""
    for table in tables:
        for column in table.columns:
            if (meaning := find_meaning(column)) is not None:
                yield column, meaning
