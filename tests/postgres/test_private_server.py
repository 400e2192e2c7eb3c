"""The tests' own PostgreSQL server isn't disturbed by other runs of the tests."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import asyncpg

from tests.postgres_server import restart, run_server

_OTHER_TEST = """
def test_folder(tmp_path):
    assert tmp_path.is_dir()
"""


async def test_another_run_of_the_same_user_leaves_the_server_alone(tmp_path: Path) -> None:
    """The server can be restarted after another pytest closed the folder that its user's runs share."""
    with run_server() as url:
        files = await _find_files(url)
        await asyncio.to_thread(_run_another_pytest, tmp_path)
        await asyncio.to_thread(restart, files)
        assert await _find_files(url) == files
    assert not files.exists()


async def _find_files(url: str) -> Path:
    connection = await asyncpg.connect(url.replace("+asyncpg", ""))
    try:
        return Path(await connection.fetchval("SHOW data_directory"))
    finally:
        await connection.close()


def _run_another_pytest(folder: Path) -> None:
    (folder / "test_other.py").write_text(_OTHER_TEST, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "no:cacheprovider", "test_other.py"]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
