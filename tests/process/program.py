"""`kitestring` as a process: started, waited for, ended; and what it said."""

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
BOUND = 30


class Ran(NamedTuple):
    """How it ended, and what it said."""

    status: int | None
    out: str
    err: str


async def start(folder: Path, environ: Mapping[str, str], *arguments: str) -> Process:
    """`kitestring` in that folder, with this environment alone; warnings are errors there too."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
        stdout=PIPE,
        stderr=PIPE,
    )


async def run(folder: Path, environ: Mapping[str, str], *arguments: str) -> Ran:
    """`kitestring` to its end."""
    process = await start(folder, environ, *arguments)
    try:
        async with asyncio.timeout(BOUND):
            out, err = await process.communicate()
    finally:
        await put_down(process)
    return Ran(process.returncode, out.decode(), err.decode())


async def put_down(process: Process) -> None:
    """Nothing is left running."""
    if process.returncode is None:
        process.kill()
        await process.wait()


class Program:
    """`kitestring serve`, once it listens at `address`."""

    def __init__(self, process: Process) -> None:
        self.process = process
        self.address = ""
        self.lines: list[dict[str, Any]] = []
        self._up = asyncio.Event()
        self._more = asyncio.Condition()
        self._reading = asyncio.create_task(self._read())

    @property
    def said(self) -> str:
        """Everything in its log."""
        return "\n".join(json.dumps(line, ensure_ascii=False) for line in self.lines)

    async def up(self) -> Program:
        """Wait until it listens; AssertionError with its log when it ended instead."""
        async with asyncio.timeout(BOUND):
            await self._up.wait()
        assert self.address, self.said
        return self

    async def heard(self, event: str) -> None:
        """Wait until it logged that."""
        async with asyncio.timeout(BOUND), self._more:
            await self._more.wait_for(lambda: any(line["event"] == event for line in self.lines))

    async def terminated(self) -> int:
        """SIGTERM, and its exit status."""
        self.process.send_signal(signal.SIGTERM)
        return await self.ended()

    async def killed(self) -> int:
        """SIGKILL: no time for anything."""
        self.process.kill()
        return await self.ended()

    async def ended(self) -> int:
        """Its exit status, within the bound; everything that it said has been read then."""
        async with asyncio.timeout(BOUND):
            await self._reading
            return await self.process.wait()

    async def _read(self) -> None:
        assert self.process.stderr is not None
        async for raw in self.process.stderr:
            line = _line(raw.decode().rstrip("\n"))
            async with self._more:
                self.lines.append(line)
                self._more.notify_all()
            if line["event"] == "listening":
                self.address = line["address"]
                self._up.set()
        self._up.set()


def _line(text: str) -> dict[str, Any]:
    """What does not come from the log is kept as it is: it should not be there."""
    return dict(json.loads(text)) if text.startswith("{") else {"event": "not logged", "text": text}
