"""Starts `kitestring` as a process, waits for it, stops it, and reads its log."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parent.parent.parent
TIMEOUT_SECONDS = 300  # ends only what hangs: a start on a busy machine takes long


class Finished(NamedTuple):
    """The exit status and the output of a process."""

    status: int | None
    out: str
    err: str


async def start(folder: Path, environ: Mapping[str, str], *arguments: str) -> Process:
    """Start `kitestring` in that folder with only this environment; warnings are errors there too."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        stdout=PIPE,
        stderr=PIPE,
    )


async def run(folder: Path, environ: Mapping[str, str], *arguments: str) -> Finished:
    """Run `kitestring` to its end."""
    process = await start(folder, environ, *arguments)
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            out, err = await process.communicate()
    finally:
        await kill_if_running(process)
    return Finished(process.returncode, out.decode(), err.decode())


async def kill_if_running(process: Process) -> None:
    """Kill the process if it is still running."""
    if process.returncode is None:
        process.kill()
        await process.wait()


class Program:
    """`kitestring serve`, once it listens at `address`."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.address = ""
        self.lines: list[dict[str, Any]] = []
        self._listening = asyncio.Event()
        self._more = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def log_text(self) -> str:
        """The whole log."""
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in self.lines)

    async def wait_until_listening(self) -> Program:
        """Wait until it listens; raise AssertionError with its log if it exits instead."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await self._listening.wait()
        assert self.address, self.log_text
        return self

    async def wait_for_event(self, event: str) -> None:
        """Wait until it logs this event."""
        async with asyncio.timeout(TIMEOUT_SECONDS), self._more:
            await self._more.wait_for(lambda: any(line["event"] == event for line in self.lines))

    async def terminate(self) -> int:
        """Send SIGTERM and return the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await self.wait_for_exit()

    async def kill(self) -> int:
        """Send SIGKILL and return the exit status."""
        self.process.kill()
        return await self.wait_for_exit()

    async def wait_for_exit(self) -> int:
        """Return the exit status, in bounded time; its whole output has been read by then."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            await self._reading
            return await self.process.wait()

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            line = _parse_line(raw.decode().rstrip("\n"))
            async with self._more:
                self.lines.append(line)
                self._more.notify_all()
            if line["event"] == "listening":
                self.address = line["address"]
                self._listening.set()
        self._listening.set()


def _parse_line(text: str) -> dict[str, Any]:
    """Parse a line of the log; keep other output as it is, for a test to complain about."""
    return dict(json.loads(text)) if text.startswith("{") else {"event": "not logged", "text": text}
