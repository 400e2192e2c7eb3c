"""Reads the audit: for operations, and for the export as JSON lines."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import datetime

from bot.access.queries import AuditEntry, find_newest_entries
from bot.store.transactions import Store


class AuditLog:
    """Reads the audit for operations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def find_newest(
        self, *, user: str | None = None, pipeline: str | None = None, since: datetime | None = None
    ) -> tuple[AuditEntry, ...]:
        """Return the latest matching entries, newest first, at most 300; the export has them all."""
        async with self._store.read() as tx:
            return await find_newest_entries(tx, user=user, pipeline=pipeline, since=since)


def format_json_line(entry: AuditEntry) -> str:
    """Format an entry as one line of JSON, with times in ISO 8601."""
    return json.dumps({**asdict(entry), "at": entry.at.isoformat()}, ensure_ascii=False)
