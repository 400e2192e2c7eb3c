"""A database at the newest schema, copied from one that was migrated once."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

from bot.store.migrate import upgrade


async def copy_ready_database(to: Path) -> None:
    """Copy the empty database to `to`, unless there is one."""
    origin = Path(_folder().name) / "kitestring.db"
    if not _is_there(origin):
        await upgrade(f"sqlite+aiosqlite:///{origin}")
    if not _is_there(to):
        shutil.copy(origin, to)


def _is_there(path: Path) -> bool:
    return path.exists()


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    """Return a folder for this test process, which is removed with it."""
    return tempfile.TemporaryDirectory(prefix="kitestring-tests-")
