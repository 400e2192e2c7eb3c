"""A database at the newest schema, as a copy of one that was brought there once."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from bot.store.migrate import upgrade


async def copied(to: Path) -> None:
    """Lay an empty database at `to`, unless there is one."""
    origin = Path(_folder().name) / "kitestring.db"
    if not _is_there(origin):
        await upgrade(f"sqlite+aiosqlite:///{origin}")
    if not _is_there(to):
        shutil.copy(origin, to)


def _is_there(path: Path) -> bool:
    return path.exists()


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """One for each process that runs tests, gone with it."""
    return tempfile.TemporaryDirectory(prefix="kitestring-tests-")
