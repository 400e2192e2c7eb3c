"""Moves committed pages from SQLite's write-ahead log into the database file, in the background.

By default SQLite does this within whichever commit fills the log's 1,000th page: that commit, and all that wait
for the write lock behind it, then take two more syncs and the copying. Here a thread with a connection of its own
does it instead, and `wal_autocheckpoint=0` turns the default off. https://www.sqlite.org/wal.html#ckpt
"""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import structlog

# A round starts after this many commits: often enough to keep the log short, seldom enough to share the syncs.
_COMMITS_PER_ROUND = 64
# Commits add pages during a pass, so a round repeats it until fewer than 1,000 pages (4 MiB) are left, or 4 times.
_MAX_PASSES, _FEW_PAGES = 4, 1000
# A log of this many pages (128 MiB) is to restart from its beginning, or it would grow without bound. SQLite only
# restarts it when every page has been moved, which under load happens only while commits are held back.
_MAX_PAGES = 32_768
log = structlog.stdlib.get_logger(__name__)


class Checkpointer:
    """Runs checkpoints beside the commits, and holds the `write_turn` for one if the log exceeds `max_pages`."""

    def __init__(self, file: str, write_turn: asyncio.Lock, max_pages: int = _MAX_PAGES) -> None:
        self._file = file
        self._write_turn = write_turn
        self._max_pages = max_pages
        self._commits = 0
        self._round: asyncio.Task[None] | None = None

    def note_commit(self) -> None:
        """Count a commit, and start a round if enough have accumulated and none is running."""
        self._commits += 1
        if self._commits >= _COMMITS_PER_ROUND and (self._round is None or self._round.done()):
            self._commits = 0
            self._round = asyncio.create_task(self._run_round())

    async def wait_until_idle(self) -> None:
        """Return when no round is running."""
        if self._round is not None:
            await asyncio.wait({self._round})

    async def _run_round(self) -> None:
        for _ in range(_MAX_PASSES):
            pages, left = await asyncio.to_thread(_checkpoint, self._file)
            if left < _FEW_PAGES:
                break
        if pages > self._max_pages:
            # Without writers a pass empties the log, so that the next commit restarts it at its beginning.
            async with self._write_turn:
                await asyncio.to_thread(_checkpoint, self._file)


def _checkpoint(file: str) -> tuple[int, int]:
    """Run one pass; return how many pages the log had, and how many of them haven't been moved yet.

    PASSIVE waits for neither readers nor writers. A failure is only logged: the commits are durable in the log.
    """
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as connection:
            _busy, pages, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error as error:
        log.warning("WAL checkpoint failed", error=str(error))
        return 0, 0
    return pages, pages - moved
