"""The demo takes the next free port if the wanted one is in use."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from tests.process.program import run, start

pytestmark = pytest.mark.process


async def test_a_busy_port_is_passed_over(tmp_path: Path) -> None:
    """The demo says in a sentence that the port is in use and where it runs instead."""
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        process = await start(tmp_path, {}, "demo", "--port", str(port))
        assert process.stdout is not None
        try:
            async with asyncio.timeout(300):
                lines = [(await process.stdout.readline()).decode().strip() for _ in range(4)]
        finally:
            process.terminate()
            assert await process.wait() == 0
    chosen = int(lines[3].rsplit(":", 1)[1])
    assert lines[1] == f"Port {port} is in use, so the demo runs on {chosen}."
    assert port < chosen <= port + 20


async def test_no_free_port_is_an_error_in_one_sentence(tmp_path: Path) -> None:
    """If the last ports of all are in use, the demo ends with a sentence instead of a traceback."""
    with socket.create_server(("127.0.0.1", 65535)):
        ended = await run(tmp_path, {}, "demo", "--port", "65535")
    assert (ended.status, ended.err) == (
        2,
        "The ports from 65535 to 65535 are all in use. Choose another one: make demo PORT=4000.\n",
    )
