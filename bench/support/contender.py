"""A receiver under load: started on one core, loaded from the other, killed, and what it stored counted."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
import tempfile
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg

from bench.support.child_process import Child, child, cores, free_port, module
from bench.support.http_load import Loaded, load
from bench.support.signed_webhooks import PATH, SECRET, body, requests

_WARM = 0.4
_PATIENCE = 20.0
# Gives the command for a port and a folder of its own.
Command = Callable[[int, Path], list[str]]
Stored = Callable[[Path], int]


@dataclass(frozen=True)
class Contender:
    """What starts it, in which environment, and how many rows it left in its folder, if it leaves any."""

    command: Command
    environ: Callable[[int, Path], Mapping[str, str]] = lambda port, _folder: _plain(port)
    stored: Stored | None = None


@dataclass
class Load:
    """Bodies of these sizes one after the other, so many seconds each; `env` is for all contenders."""

    sizes: list[int]
    seconds: float
    connections: int = 64
    env: Mapping[str, str] = field(default_factory=dict)

    def on(self, contender: Contender) -> dict[int, Loaded]:
        """What came of it. Raises AssertionError where an answer or a row is not as it should be."""
        serving, _loading = cores()
        with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as name:
            folder, port = Path(name), free_port()
            environ = {**contender.environ(port, folder), **self.env}
            log = folder / "log"
            with child(contender.command(port, folder), port, core=serving, env=environ, log=log) as program:
                found, kept = self._asked(program)
            stored = contender.stored(folder) if contender.stored else kept
        assert stored >= kept, f"{kept} webhooks were acknowledged, {stored} are stored."
        return found

    def _asked(self, program: Child) -> tuple[dict[int, Loaded], int]:
        found, kept = {}, 0
        for size in self.sizes:
            said = body(size)
            warm = load(program.port, requests(said), self.connections, _WARM)
            _answered(program.port, next(requests(said)))  # comes after what the warming left behind
            found[size] = load(program.port, requests(said), self.connections, self.seconds)
            assert set(found[size].answers) <= {200, 503}, found[size].answers
            assert found[size].good, "Nothing was answered: the machine is too busy for so short a run."
            kept += warm.good + found[size].good
        _refuses(program.port)
        return found, kept


def _refuses(port: int) -> None:
    """A body that was tampered with is refused."""
    said = body(2600)
    status = _answered(port, next(requests(said.replace(b'"failed"', b'"passed"'), sign=said)))
    assert status in {400, 401}, status


def _answered(port: int, request: bytes) -> int:
    """The status of the answer."""
    with socket.create_connection(("127.0.0.1", port), _PATIENCE) as line:
        line.sendall(request)
        return int(line.recv(4096)[9:12])


def receiver(name: str, store: Callable[[Path], str], stored: Stored | None = None) -> Contender:
    """One of bench.support.receivers."""
    return Contender(
        lambda port, folder: module("bench.support.receivers", name, str(port), store(folder)), stored=stored
    )


def peer(command: list[str]) -> Contender:
    """A program that is told by its environment where it listens."""
    return Contender(lambda port, _folder: [word.replace("{port}", str(port)) for word in command])


def _plain(port: int) -> dict[str, str]:
    return {"PORT": str(port), "SECRET": SECRET, "WEBHOOKS": PATH}


def in_sqlite(folder: Path) -> str:
    """The URL of a database there."""
    return f"sqlite+aiosqlite:///{folder / 'kitestring.db'}"


def rows_in_sqlite(folder: Path) -> int:
    """The webhooks in it, once its program is dead."""
    with closing(sqlite3.connect(folder / "kitestring.db")) as line:
        return int(line.execute("SELECT count(*) FROM deliveries").fetchone()[0])


def rows_in_postgresql(url: str) -> int:
    """The same there; and the next contender finds none."""

    async def counted() -> int:
        line = await asyncpg.connect(url.replace("+asyncpg", ""))
        count = await line.fetchval("SELECT count(*) FROM deliveries")
        await line.execute("TRUNCATE deliveries")
        await line.close()
        return int(count)

    return asyncio.run(counted())
