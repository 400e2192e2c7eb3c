"""The size of a SQLite database, before and after retention."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from bot.runtime.clock import ManualClock
from bot.store.retention import Retention
from bot.store.transactions import Store


class DatabaseSize(NamedTuple):
    """In MiB: the file, and how much of it is in use."""

    file: float
    used: float


def measure_size(file: Path) -> DatabaseSize:
    """Measure the database with its log written back."""
    with closing(sqlite3.connect(file)) as line:
        line.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size, pages, free = (
            line.execute(f"PRAGMA {word}").fetchone()[0] for word in ("page_size", "page_count", "freelist_count")
        )
    return DatabaseSize(pages * size / 2**20, (pages - free) * size / 2**20)


def measure_after_retention(file: Path, days: int) -> DatabaseSize:
    """Measure it after retention has run with the clock this many days ahead."""
    asyncio.run(_run_retention(file, datetime.now(UTC) + timedelta(days=days)))
    return measure_size(file)


async def _run_retention(file: Path, now: datetime) -> None:
    store = Store(f"sqlite+aiosqlite:///{file}")
    housekeeping = Retention(store, ManualClock(now))
    while await housekeeping.tick():
        pass
    await store.close()
