"""The audit as people read it: in chat, and exported as JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from bot.access.model import AuditEntry
from bot.access.queries import find_newest_entries
from bot.store.transactions import Store


class AuditLog:
    """Reads the audit for operations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def newest(
        self, *, user: str | None = None, pipeline: str | None = None, since: datetime | None = None
    ) -> tuple[AuditEntry, ...]:
        """The latest entries that fit, newest first, at most 300: more are for the export."""
        async with self._store.read() as tx:
            return await find_newest_entries(tx, user=user, pipeline=pipeline, since=since)


def line(entry: AuditEntry) -> str:
    """One entry as JSON, times in ISO 8601."""
    return json.dumps({**asdict(entry), "at": entry.at.isoformat()}, ensure_ascii=False)
