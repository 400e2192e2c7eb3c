"""The audit as people read it: in chat, and exported as JSON lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import TextIO

from bot.core.entry import Entry
from bot.settings import Settings
from bot.store import audit
from bot.store.store import Store


class Journal:
    """Reads the audit for operations."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def newest(
        self, *, user: str | None = None, pipeline: str | None = None, since: datetime | None = None
    ) -> tuple[Entry, ...]:
        """The latest entries that fit, newest first, at most 300: more are for the export."""
        async with self._store.read() as tx:
            return await audit.newest(tx, user=user, pipeline=pipeline, since=since)


async def export(
    settings: Settings, out: TextIO, say: Callable[[str], None], *, until: datetime | None, prune: bool
) -> None:
    """Write every entry as one JSON line, oldest first; with `prune` delete what was written, once it is."""
    store = Store(settings.database_url.get_secret_value())
    count, last = 0, 0
    try:
        async with store.read() as tx:
            async for entry in audit.everything(tx, until):
                out.write(line(entry) + "\n")
                count, last = count + 1, entry.id
        out.flush()
        if prune and last:
            async with store.write() as tx:
                await audit.prune(tx, last)
    finally:
        await store.close()
    say(f"{count} entries written{', and deleted from the database' if prune and last else ''}.")


def line(entry: Entry) -> str:
    """One entry as JSON, times in ISO 8601."""
    return json.dumps({**asdict(entry), "at": entry.at.isoformat()}, ensure_ascii=False)
