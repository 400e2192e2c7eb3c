"""Re-encrypts stored secrets with the newest key, so that older keys can be removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from bot.store.columns import Sealed
from bot.store.schema import list_tables
from bot.store.transactions import Transactions
from bot.store.vault import Vault

# Rows per transaction, so that requests don't wait for their turn to write.
PAGE_ROWS = 200


class SealedValue(NamedTuple):
    """An encrypted value and the primary key of its row."""

    sealed: bytes
    key: tuple[object, ...]


def list_sealed_columns() -> tuple[sa.Column[bytes], ...]:
    """Return all columns whose values the vault has encrypted, by their type."""
    return tuple(column for table in list_tables() for column in table.columns if isinstance(column.type, Sealed))


class KeyRotation:
    """Re-encrypts all sealed columns while the bot runs.

    A row that changes between reading and writing is skipped: the writer has used the newest key already.
    """

    def __init__(self, store: Transactions, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def rotate_all(self) -> int:
        """Re-encrypt all values under older keys and return how many; those that no key opens stay as they are."""
        return sum([await self._rotate_column(column) for column in list_sealed_columns()])

    async def _rotate_column(self, column: sa.Column[bytes]) -> int:
        count: int = 0
        after: Sequence[object] = ()
        while rows := await self._read_page(column, after):
            count += await self._reseal_rows(column, rows)
            after = rows[-1].key
        return count

    async def _read_page(self, column: sa.Column[bytes], after: Sequence[object]) -> list[SealedValue]:
        key = tuple(column.table.primary_key.columns)
        query = sa.select(column, *key).where(sa.func.length(column) > 0).order_by(*key).limit(PAGE_ROWS)
        if after:
            query = query.where(sa.tuple_(*key) > sa.tuple_(*after))
        async with self._store.read() as tx:
            return [SealedValue(sealed, tuple(values)) for sealed, *values in await tx.execute(query)]

    async def _reseal_rows(self, column: sa.Column[bytes], rows: list[SealedValue]) -> int:
        fresh = [(row, self._vault.reseal(row.sealed)) for row in rows]
        if not any(sealed for _, sealed in fresh):
            return 0
        async with self._store.write() as tx:
            return sum([(await tx.execute(_build_update(column, row, new))).rowcount for row, new in fresh if new])


def _build_update(column: sa.Column[bytes], row: SealedValue, sealed: bytes) -> sa.Update:
    key = tuple(column.table.primary_key.columns)
    same: list[sa.ColumnElement[bool]] = [part == value for part, value in zip(key, row.key, strict=True)]
    return sa.update(column.table).where(*same, column == row.sealed).values({column.name: sealed})
