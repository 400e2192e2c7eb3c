"""Provides SQL helpers for both dialects, and access to the key-value table `meta`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias, TypeVar, Union

import sqlalchemy as sa

from bot.store.tables import meta
from bot.store.transactions import Tx

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite

T = TypeVar("T")
Row = sa.RowMapping
# An INSERT that supports ON CONFLICT.
Upsert: TypeAlias = Union["sqlite.Insert", "postgresql.Insert"]
_SELECT_META = sa.select(meta.c.value).where(meta.c.key == sa.bindparam("named"))


def json_text(column: sa.Column[T]) -> sa.ColumnElement[str]:
    """Select a JSON column as text, which callers decode straight into their own types."""
    return sa.cast(column, sa.Text).label(column.name)


def is_among(dialect: str, column: sa.Column[T]) -> sa.ColumnElement[bool] | sa.TextClause:
    """Return a condition that the column has one of the values of the parameter `those`.

    All values travel as one parameter: the statement is the same for any number of them, so that it is prepared
    and cached once, and no driver's limit on parameters applies.
    https://www.sqlite.org/json1.html#jeach, https://www.postgresql.org/docs/current/functions-comparisons.html
    """
    if dialect == "postgresql":
        many = sa.ARRAY(column.type)
        return column == sa.any_(sa.cast(sa.bindparam("those", type_=many), many))
    return sa.text(f"{column.table.name}.{column.name} IN (SELECT value FROM json_each(:those))")  # noqa: S608


def bind_among(tx: Tx, values: Iterable[str | int]) -> dict[str, object]:
    """Return the parameter for a statement with `is_among`."""
    return {"those": list(values) if tx.dialect.name == "postgresql" else json.dumps(list(values))}


def insert_into(tx: Tx, table: sa.Table) -> Upsert:
    """Make an INSERT that supports ON CONFLICT, in the dialect of the connection."""
    return insert_for_dialect(tx.dialect.name, table)


def insert_for_dialect(dialect: str, table: sa.Table) -> Upsert:
    """Make an INSERT that supports ON CONFLICT."""
    if dialect == "postgresql":
        from sqlalchemy.dialects import postgresql

        return postgresql.insert(table)
    from sqlalchemy.dialects import sqlite

    return sqlite.insert(table)


async def get_meta(tx: Tx, key: str) -> str | None:
    """Return a value that the bot stores for itself, or None."""
    value: str | None = await tx.scalar(_SELECT_META, {"named": key})
    return value


async def set_meta(tx: Tx, key: str, value: str) -> None:
    """Store a value under a key."""
    row = insert_into(tx, meta).values(key=key, value=value)
    await tx.execute(row.on_conflict_do_update(index_elements=["key"], set_={"value": value}))


async def ensure_meta(tx: Tx, key: str, value: str) -> str:
    """Store a value unless the key has one already; return the stored one."""
    await tx.execute(insert_into(tx, meta).values(key=key, value=value).on_conflict_do_nothing())
    return await get_meta(tx, key) or value
