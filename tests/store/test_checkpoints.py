"""Commits move from SQLite's log into its file while the bot runs, and the log stays of bounded size."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from bot.store import migrate
from bot.store.checkpoints import Checkpointer
from bot.store.sql import set_meta
from bot.store.transactions import Store

_ENOUGH = 2000
_LARGE = "INSERT INTO deliveries (event, body) VALUES ('ping', zeroblob(40000))"


async def test_commits_reach_the_file_soon(tmp_path: Path) -> None:
    """A copy of the file alone contains a commit after a bounded number of further ones."""
    file = tmp_path / "kitestring.db"
    store = await opened(file)
    await store.close()
    store = await opened(file)
    commits = 0
    while not is_in_file(file, tmp_path / "copy.db"):
        await write(store, str(commits))
        commits += 1
        assert commits < _ENOUGH
    await store.close()


async def test_the_log_restarts(tmp_path: Path) -> None:
    """While ten thousand pages are written one after another, the log never holds more than a fraction."""
    file = tmp_path / "kitestring.db"
    await (await opened(file)).close()
    turn = asyncio.Lock()
    checkpoints = Checkpointer(str(file), turn, max_pages=200)
    largest = 0
    with closing(sqlite3.connect(file, isolation_level=None, check_same_thread=False)) as line:
        line.execute("PRAGMA wal_autocheckpoint=0")
        for _ in range(1000):
            async with turn:
                await asyncio.to_thread(line.execute, _LARGE)
            checkpoints.note_commit()
            largest = max(largest, file.with_name("kitestring.db-wal").stat().st_size)
        await checkpoints.wait_until_idle()
    assert largest < 5000 * 4096


async def opened(file: Path) -> Store:
    """A store of that file, with its tables."""
    url = f"sqlite+aiosqlite:///{file}"
    await migrate.upgrade(url)
    return Store(url)


async def write(store: Store, value: str) -> None:
    """Make one commit."""
    async with store.write() as tx:
        await set_meta(tx, "written", value)


def is_in_file(file: Path, copy: Path) -> bool:
    """Return whether the file without its log contains a commit."""
    shutil.copy(file, copy)
    with closing(sqlite3.connect(copy)) as line:
        return line.execute("SELECT count(*) FROM meta WHERE key = 'written'").fetchone()[0] > 0
