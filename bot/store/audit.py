"""Queries on the audit: append-only, one row a transition; rows leave it only by export."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.core.entry import Entry
from bot.model import Card
from bot.store.rows import Row
from bot.store.store import Tx
from bot.store.tables import audit

_PAGE = 500


async def newest(
    tx: Tx,
    *,
    user: str | None = None,
    pipeline: str | None = None,
    since: datetime | None = None,
    limit: int = 300,
) -> tuple[Entry, ...]:
    """The latest entries that fit, newest first."""
    where = []
    if user:
        where.append(audit.c.user_id == user)
    if pipeline:
        where.append(audit.c.detail["args"]["pipeline"].as_string() == pipeline)
    if since:
        where.append(audit.c.at >= since)
    found = await tx.execute(sa.select(audit).where(*where).order_by(audit.c.id.desc()).limit(limit))
    return tuple(_entry(row) for row in found.mappings())


async def everything(tx: Tx, until: datetime | None = None) -> AsyncIterator[Entry]:
    """All entries, oldest first, up to a moment; read by pages."""
    last = 0
    while True:
        where = [audit.c.id > last, *([audit.c.at < until] if until else [])]
        found = await tx.execute(sa.select(audit).where(*where).order_by(audit.c.id).limit(_PAGE))
        page = [_entry(row) for row in found.mappings()]
        for entry in page:
            yield entry
        if len(page) < _PAGE:
            return
        last = page[-1].id


async def card(tx: Tx, card: Card, transition: str, now: datetime, detail: dict[str, Any]) -> None:
    """One row on a card: what became of it, for the one who asked for it."""
    await tx.execute(
        sa.insert(audit).values(
            at=now,
            user_id=card.asked_by,
            channel=card.thread.channel,
            thread_ts=card.thread.ts or card.ts,
            operation="card",
            transition=transition,
            detail={**detail, "card": card.id, "build": card.build_id},
        )
    )


async def prune(tx: Tx, last: int) -> int:
    """Delete what was exported, up to and including that row; says how many rows there were."""
    return (await tx.execute(sa.delete(audit).where(audit.c.id <= last))).rowcount


def _entry(row: Row) -> Entry:
    return Entry(
        id=row["id"],
        at=row["at"],
        invocation=row["invocation"],
        user=row["user_id"],
        channel=row["channel"],
        thread_ts=row["thread_ts"],
        via=row["via"],
        operation=row["operation"],
        transition=row["transition"],
        detail=row["detail"] or {},
    )
