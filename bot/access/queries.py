"""Queries on the audit: append-only, one row per transition; rows are deleted only once they are exported."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from bot.operations.invocation import Invocation
from bot.runtime.json_types import JsonObject
from bot.store.sql import Row
from bot.store.tables_people import audit
from bot.store.transactions import Tx

_PAGE_ROWS = 500
# Arguments that name one pipeline; `source` is the one that is copied.
_PIPELINE_ARGUMENTS = ("pipeline", "source")


@dataclass(frozen=True)
class AuditEntry:
    """One transition of an invocation; `detail` never holds values of variables or fields, which may be secret."""

    id: int
    at: datetime
    invocation: str | None
    user: str | None
    channel: str | None
    thread_ts: str | None
    via: str | None
    operation: str
    transition: str
    detail: dict[str, Any]


async def find_newest_entries(
    tx: Tx,
    *,
    user: str | None = None,
    pipeline: str | None = None,
    since: datetime | None = None,
    limit: int = 300,
) -> tuple[AuditEntry, ...]:
    """Return the latest matching entries, newest first."""
    where = []
    if user:
        where.append(audit.c.user_id == user)
    if pipeline:
        args = audit.c.detail["args"]
        where.append(sa.or_(*(args[name].as_string() == pipeline for name in _PIPELINE_ARGUMENTS)))
    if since:
        where.append(audit.c.at >= since)
    found = await tx.execute(sa.select(audit).where(*where).order_by(audit.c.id.desc()).limit(limit))
    return tuple(_read_entry(row) for row in found.mappings())


async def read_audit(tx: Tx, until: datetime | None = None) -> AsyncIterator[AuditEntry]:
    """Yield all entries before `until`, oldest first, reading page by page so that memory stays flat."""
    last = 0
    while True:
        where = [audit.c.id > last, *([audit.c.at < until] if until else [])]
        found = await tx.execute(sa.select(audit).where(*where).order_by(audit.c.id).limit(_PAGE_ROWS))
        page = [_read_entry(row) for row in found.mappings()]
        for entry in page:
            yield entry
        if len(page) < _PAGE_ROWS:
            return
        last = page[-1].id


async def delete_entries_up_to(tx: Tx, last: int) -> int:
    """Delete the exported rows, up to and including `last`; return their number."""
    return (await tx.execute(sa.delete(audit).where(audit.c.id <= last))).rowcount


def _read_entry(row: Row) -> AuditEntry:
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
    tx: Tx, invocation: Invocation, transition: str, now: datetime, detail: JsonObject
) -> None:
    """Append a transition of an invocation to the audit."""
    await tx.execute(
        sa.insert(audit).values(
            at=now,
            invocation=invocation.id,
            user_id=invocation.user,
            channel=invocation.thread.channel,
            thread_ts=invocation.thread.ts,
            via=invocation.via,
            operation=invocation.operation,
            transition=transition,
            detail=detail,
        )
    )
