"""Moves what was committed from SQLite's log into its file, beside the commits."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import structlog

# So many commits are worth a round; a round goes over the log again while more than a few pages are left in it;
# and a log of so many pages (128 MiB) is to begin anew, for which nobody may write while the last ones are moved.
_COMMITS_PER_ROUND, _MAX_PASSES, _FEW_PAGES, _MAX_PAGES = 64, 4, 1000, 32_768
log = structlog.stdlib.get_logger(__name__)


class Checkpointer:
    """Otherwise a commit does it now and then, and everybody waits for two more syncs.

    Whoever writes has the `turn`; a log of more than `most` pages begins anew. https://www.sqlite.org/wal.html#ckpt
    """

    def __init__(self, file: str, write_turn: asyncio.Lock, max_pages: int = _MAX_PAGES) -> None:
        self._file = file
        self._write_turn = write_turn
        self._max_pages = max_pages
        self._commits = 0
        self._round: asyncio.Task[None] | None = None

    def note_commit(self) -> None:
        """One more commit stands in the log."""
        self._commits += 1
        if self._commits >= _COMMITS_PER_ROUND and (self._round is None or self._round.done()):
            self._commits = 0
            self._round = asyncio.create_task(self._run_round())

    async def wait_until_idle(self) -> None:
        """No round is under way."""
        if self._round is not None:
            await asyncio.wait({self._round})

    async def _run_round(self) -> None:
        for _ in range(_MAX_PASSES):
            pages, left = await asyncio.to_thread(_checkpoint, self._file)
            if left < _FEW_PAGES:
                break
        if pages > self._max_pages:
            async with self._write_turn:
                await asyncio.to_thread(_checkpoint, self._file)


def _checkpoint(file: str) -> tuple[int, int]:
    """How many pages the log had, and how many of them are still only there."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as line:
            _busy, pages, moved = line.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error as error:
        log.warning("the database's log is not shortened", error=str(error))
        return 0, 0
    return pages, pages - moved
