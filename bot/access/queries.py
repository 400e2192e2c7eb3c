"""Queries on the audit: append-only, one row a transition; rows leave it only by export."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.access.model import AuditEntry
from bot.operations.invocation import Invocation
from bot.store.sql import Row
from bot.store.tables import audit
from bot.store.transactions import Tx

_PAGE = 500


async def find_newest_entries(
    tx: Tx,
    *,
    user: str | None = None,
    pipeline: str | None = None,
    since: datetime | None = None,
    limit: int = 300,
) -> tuple[AuditEntry, ...]:
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


async def read_audit(tx: Tx, until: datetime | None = None) -> AsyncIterator[AuditEntry]:
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


async def delete_entries_up_to(tx: Tx, last: int) -> int:
    """Delete what was exported, up to and including that row; says how many rows there were."""
    return (await tx.execute(sa.delete(audit).where(audit.c.id <= last))).rowcount


def _entry(row: Row) -> AuditEntry:
    return AuditEntry(
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


async def record_audit_entry(
    tx: Tx, asked: Invocation, transition: str, now: datetime, detail: dict[str, Any]
) -> None:
    """One row of the audit: who, from where, what, and what became of it."""
    await tx.execute(
        sa.insert(audit).values(
            at=now,
            invocation=asked.id,
            user_id=asked.user,
            channel=asked.thread.channel,
            thread_ts=asked.thread.ts,
            via=asked.via,
            operation=asked.operation,
            transition=transition,
            detail=detail,
        )
    )
