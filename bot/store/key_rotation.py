"""Brings what is encrypted in the database under the newest key, so that older keys can be taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.tables import choices, invocations, proposals, tokens
from bot.store.transactions import Transactions
from bot.store.vault import Vault

PAGE_ROWS = 200


class SealedColumn(NamedTuple):
    """A column that holds what the vault has sealed."""

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
    """A row that is written meanwhile is left alone: whoever writes has the newest key already."""

    def __init__(self, store: Transactions, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def rotate_all(self) -> int:
        """Seal anew what an older key sealed; says how many values. What no key opens stays as it is."""
        return sum([await self._rotate_column(kept) for kept in SEALED_COLUMNS])

    async def _rotate_column(self, kept: SealedColumn) -> int:
        count: int = 0
        after: Sequence[str] = ()
        while rows := await self._read_page(kept, after):
            count += await self._reseal_rows(kept, rows)
            after = rows[-1][1:]
        return count

    async def _read_page(self, kept: SealedColumn, after: Sequence[str]) -> list[sa.Row[Any]]:
        key = tuple(kept.table.primary_key.columns)
        query = sa.select(kept.column, *key).where(sa.func.length(kept.column) > 0).order_by(*key).limit(PAGE_ROWS)
        if after:
            query = query.where(sa.tuple_(*key) > sa.tuple_(*after))
        async with self._store.read() as tx:
            return list((await tx.execute(query)).all())

    async def _reseal_rows(self, kept: SealedColumn, rows: list[sa.Row[Any]]) -> int:
        fresh = [(row, self._vault.reseal(row[0])) for row in rows]
        if not any(sealed for _, sealed in fresh):
            return 0
        async with self._store.write() as tx:
            return sum([(await tx.execute(_build_update(kept, row, new))).rowcount for row, new in fresh if new])


def _build_update(kept: SealedColumn, row: sa.Row[Any], sealed: bytes) -> sa.Update:
    key = tuple(kept.table.primary_key.columns)
    same: list[sa.ColumnElement[bool]] = [
        column == value for column, value in zip(key, tuple(row)[1:], strict=True)
    ]
    return sa.update(kept.table).where(*same, kept.column == row[0]).values({kept.column: sealed})
