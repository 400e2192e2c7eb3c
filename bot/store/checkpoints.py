"""Moves what was committed from SQLite's log into its file, beside the commits."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing

import structlog

# So many commits are worth a round; a round goes over the log again while more than a few pages are left in it;
# and a log of so many pages (128 MiB) is to begin anew, for which nobody may write while the last ones are moved.
_EVERY, _PASSES, _FEW, _MOST = 64, 4, 1000, 32_768
log = structlog.stdlib.get_logger(__name__)


class Checkpoints:
    """Otherwise a commit does it now and then, and everybody waits for two more syncs.

    Whoever writes has the `turn`; a log of more than `most` pages begins anew. https://www.sqlite.org/wal.html#ckpt
    """

    def __init__(self, file: str, turn: asyncio.Lock, most: int = _MOST) -> None:
        self._file = file
        self._turn = turn
        self._most = most
        self._commits = 0
        self._round: asyncio.Task[None] | None = None

    def committed(self) -> None:
        """One more commit stands in the log."""
        self._commits += 1
        if self._commits >= _EVERY and (self._round is None or self._round.done()):
            self._commits = 0
            self._round = asyncio.create_task(self._rounded())

    async def ended(self) -> None:
        """No round is under way."""
        if self._round is not None:
            await asyncio.wait({self._round})

    async def _rounded(self) -> None:
        for _ in range(_PASSES):
            pages, left = await asyncio.to_thread(_moved, self._file)
            if left < _FEW:
                break
        if pages > self._most:
            async with self._turn:
                await asyncio.to_thread(_moved, self._file)


def _moved(file: str) -> tuple[int, int]:
    """How many pages the log had, and how many of them are still only there."""
    try:
        with closing(sqlite3.connect(file, isolation_level=None)) as line:
            _busy, pages, moved = line.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    except sqlite3.Error as error:
        log.warning("the database's log is not shortened", error=str(error))
        return 0, 0
    return pages, pages - moved
