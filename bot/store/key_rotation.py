"""Re-encrypts stored secrets with the newest key, so that older keys can be removed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.tables import choices, invocations, proposals, tokens
from bot.store.transactions import Transactions
from bot.store.vault import Vault

# Rows per transaction, so that requests don't wait for their turn to write.
PAGE_ROWS = 200


class SealedColumn(NamedTuple):
    """A column whose values are encrypted by the vault."""

    table: sa.Table
    column: sa.Column[bytes]


SEALED_COLUMNS = (
    SealedColumn(tokens, tokens.c.sealed),
    SealedColumn(proposals, proposals.c.sealed),
    SealedColumn(choices, choices.c.args),
    SealedColumn(invocations, invocations.c.args),
    SealedColumn(invocations, invocations.c.response_url),
)


class KeyRotation:
    """Re-encrypts all sealed columns while the bot runs.

    A row that changes between reading and writing is skipped: the writer has used the newest key already.
    """

    def __init__(self, store: Transactions, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def rotate_all(self) -> int:
        """Re-encrypt all values under older keys and return how many; those that no key opens stay as they are."""
        return sum([await self._rotate_column(target) for target in SEALED_COLUMNS])

    async def _rotate_column(self, target: SealedColumn) -> int:
        count: int = 0
        after: Sequence[str] = ()
        while rows := await self._read_page(target, after):
            count += await self._reseal_rows(target, rows)
            after = rows[-1][1:]
        return count

    async def _read_page(self, target: SealedColumn, after: Sequence[str]) -> list[sa.Row[Any]]:
        key = tuple(target.table.primary_key.columns)
        query = (
            sa.select(target.column, *key).where(sa.func.length(target.column) > 0).order_by(*key).limit(PAGE_ROWS)
        )
        if after:
            query = query.where(sa.tuple_(*key) > sa.tuple_(*after))
        async with self._store.read() as tx:
            return list((await tx.execute(query)).all())

    async def _reseal_rows(self, target: SealedColumn, rows: list[sa.Row[Any]]) -> int:
        fresh = [(row, self._vault.reseal(row[0])) for row in rows]
        if not any(sealed for _, sealed in fresh):
            return 0
        async with self._store.write() as tx:
            return sum([(await tx.execute(_build_update(target, row, new))).rowcount for row, new in fresh if new])


def _build_update(target: SealedColumn, row: sa.Row[Any], sealed: bytes) -> sa.Update:
    key = tuple(target.table.primary_key.columns)
    same: list[sa.ColumnElement[bool]] = [
        column == value for column, value in zip(key, tuple(row)[1:], strict=True)
    ]
    return sa.update(target.table).where(*same, target.column == row[0]).values({target.column: sealed})
