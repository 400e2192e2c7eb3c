"""A receiver under load: started on one core, loaded from the other, killed, and its stored rows counted."""

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

from bench.support.child_process import Child, find_free_port, module_command, pick_cores, start_child
from bench.support.http_load import LoadResult, run_load
from bench.support.signed_webhooks import PATH, SECRET, generate_requests, make_body

_WARM_UP_SECONDS = 0.4
_ANSWER_SECONDS = 20.0
# Returns the command for a port and a folder.
Command = Callable[[int, Path], list[str]]
CountRows = Callable[[Path], int]


@dataclass(frozen=True)
class Contender:
    """A program with its environment, and a way to count the rows it left in its folder, if any."""

    make_command: Command
    make_environ: Callable[[int, Path], Mapping[str, str]] = lambda port, _folder: _default_environ(port)
    count_rows: CountRows | None = None


@dataclass
class LoadPlan:
    """Bodies of these sizes in turn, each for some seconds; `env` is for all contenders."""

    sizes: list[int]
    seconds: float
    connections: int = 64
    env: Mapping[str, str] = field(default_factory=dict)

    def measure(self, contender: Contender) -> dict[int, LoadResult]:
        """Measure a contender. Raise AssertionError if an answer or a row is wrong."""
        serving, _loading = pick_cores()
        with tempfile.TemporaryDirectory(prefix="kitestring-bench-") as name:
            folder, port = Path(name), find_free_port()
            environ = {**contender.make_environ(port, folder), **self.env}
            log = folder / "log"
            with start_child(
                contender.make_command(port, folder), port, core=serving, env=environ, log=log
            ) as program:
                found, kept = self._measure_sizes(program)
            stored = contender.count_rows(folder) if contender.count_rows else kept
        assert stored >= kept, f"{kept} webhooks were acknowledged, {stored} are stored."
        return found

    def _measure_sizes(self, program: Child) -> tuple[dict[int, LoadResult], int]:
        found, kept = {}, 0
        for size in self.sizes:
            body = make_body(size)
            warm = run_load(program.port, generate_requests(body), self.connections, _WARM_UP_SECONDS)
            _fetch_status(program.port, next(generate_requests(body)))  # comes after what the warming left behind
            found[size] = run_load(program.port, generate_requests(body), self.connections, self.seconds)
            assert set(found[size].answers) <= {200, 503}, found[size].answers
            assert found[size].good, "Nothing was answered: the machine is too busy for so short a run."
            kept += warm.good + found[size].good
        _check_refusal(program.port)
        return found, kept


def _check_refusal(port: int) -> None:
    """Check that a tampered body is refused."""
    body = make_body(2600)
    status = _fetch_status(port, next(generate_requests(body.replace(b'"failed"', b'"passed"'), sign=body)))
    assert status in {400, 401}, status


def _fetch_status(port: int, request: bytes) -> int:
    """Return the status of the answer."""
    with socket.create_connection(("127.0.0.1", port), _ANSWER_SECONDS) as connection:
        connection.sendall(request)
        return int(connection.recv(4096)[9:12])


def receiver_contender(name: str, store: Callable[[Path], str], stored: CountRows | None = None) -> Contender:
    """Return one of bench.support.receivers."""
    return Contender(
        lambda port, folder: module_command("bench.support.receivers", name, str(port), store(folder)),
        count_rows=stored,
    )


def peer_contender(command: list[str]) -> Contender:
    """Return a program that reads its port from the environment or its command."""
    return Contender(lambda port, _folder: [word.replace("{port}", str(port)) for word in command])


def _default_environ(port: int) -> dict[str, str]:
    return {"PORT": str(port), "SECRET": SECRET, "WEBHOOKS": PATH}


def sqlite_url(folder: Path) -> str:
    """Return the URL of a database in this folder."""
    return f"sqlite+aiosqlite:///{folder / 'kitestring.db'}"


def count_sqlite_rows(folder: Path) -> int:
    """Count the webhooks in it, once its program is dead."""
    with closing(sqlite3.connect(folder / "kitestring.db")) as connection:
        return int(connection.execute("SELECT count(*) FROM deliveries").fetchone()[0])


def count_postgresql_rows(url: str) -> int:
    """Count the webhooks in PostgreSQL and delete them for the next contender."""

    async def counted() -> int:
        connection = await asyncpg.connect(url.replace("+asyncpg", ""))
        count = await connection.fetchval("SELECT count(*) FROM deliveries")
        await connection.execute("TRUNCATE deliveries")
        await connection.close()
        return int(count)

    return asyncio.run(counted())
