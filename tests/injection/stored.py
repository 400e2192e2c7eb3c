"""Reads what the database files hold."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path


def checkpoint(folder: Path) -> None:
    """Move the write-ahead log into the database file, as SQLite does from time to time."""
    with closing(sqlite3.connect(folder / "kitestring.db")) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def read_database(folder: Path) -> bytes:
    """Return the bytes of every database file, including the write-ahead log."""
    return b"".join(path.read_bytes() for path in folder.glob("kitestring.db*"))
