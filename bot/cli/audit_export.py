"""`kitestring audit export`: writes the audit log as JSON lines."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from bot.access.audit_log import format_json_line
from bot.access.queries import delete_entries_up_to, read_audit
from bot.settings import Settings
from bot.store.transactions import Store


async def export_audit(
    settings: Settings, out: TextIO, echo: Callable[[str], None], *, until: datetime | None, prune: bool
) -> None:
    """Write every entry as one JSON line, oldest first; with `prune`, delete the written entries afterwards."""
    store = Store(settings.database_url.get_secret_value())
    count, last = 0, 0
    try:
        async with store.read() as tx:
            async for entry in read_audit(tx, until):
                out.write(format_json_line(entry) + "\n")
                count, last = count + 1, entry.id
        out.flush()
        if prune and last:
            async with store.write() as tx:
                await delete_entries_up_to(tx, last)
    finally:
        await store.close()
    echo(f"{count} entries written{', and deleted from the database' if prune and last else ''}.")
