"""Brings what is encrypted in the database under the newest key, so that older keys can be taken away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from bot.store.tables import choices, invocations, proposals, tokens
from bot.store.transactions import Transactions
from bot.store.vault import Vault

BATCH = 200


class Kept(NamedTuple):
    """A column that holds what the vault has sealed."""

    table: sa.Table
    column: sa.Column[bytes]


EVERYTHING = (
    Kept(tokens, tokens.c.sealed),
    Kept(proposals, proposals.c.sealed),
    Kept(choices, choices.c.args),
    Kept(invocations, invocations.c.args),
    Kept(invocations, invocations.c.response_url),
)


class Rotation:
    """A row that is written meanwhile is left alone: whoever writes has the newest key already."""

    def __init__(self, store: Transactions, vault: Vault) -> None:
        self._store = store
        self._vault = vault

    async def everything(self) -> int:
        """Seal anew what an older key sealed; says how many values. What no key opens stays as it is."""
        return sum([await self._column(kept) for kept in EVERYTHING])

    async def _column(self, kept: Kept) -> int:
        count: int = 0
        after: Sequence[str] = ()
        while rows := await self._page(kept, after):
            count += await self._renewed(kept, rows)
            after = rows[-1][1:]
        return count

    async def _page(self, kept: Kept, after: Sequence[str]) -> list[sa.Row[Any]]:
        key = tuple(kept.table.primary_key.columns)
        query = sa.select(kept.column, *key).where(sa.func.length(kept.column) > 0).order_by(*key).limit(BATCH)
        if after:
            query = query.where(sa.tuple_(*key) > sa.tuple_(*after))
        async with self._store.read() as tx:
            return list((await tx.execute(query)).all())

    async def _renewed(self, kept: Kept, rows: list[sa.Row[Any]]) -> int:
        fresh = [(row, self._vault.renewed(row[0])) for row in rows]
        if not any(sealed for _, sealed in fresh):
            return 0
        async with self._store.write() as tx:
            return sum([(await tx.execute(_change(kept, row, new))).rowcount for row, new in fresh if new])


def _change(kept: Kept, row: sa.Row[Any], sealed: bytes) -> sa.Update:
    key = tuple(kept.table.primary_key.columns)
    same: list[sa.ColumnElement[bool]] = [
        column == value for column, value in zip(key, tuple(row)[1:], strict=True)
    ]
    return sa.update(kept.table).where(*same, kept.column == row[0]).values({kept.column: sealed})
