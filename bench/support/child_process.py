"""A program under test in a child process, pinned to one core."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
_START_SECONDS = 30.0


class Child(NamedTuple):
    """A program that accepts connections at `port` of 127.0.0.1."""

    process: subprocess.Popen[bytes]
    port: int

    def measure_memory(self) -> float:
        """Return its memory now, in MiB."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        return 0.0

    def measure_cpu_seconds(self) -> float:
        """Return the CPU seconds it has used."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def measure_running_seconds(self) -> float:
        """Return the CPU seconds of its threads that still run, to the nanosecond."""
        return sum(int(file.read_text().split()[0]) for file in self._list_thread_files()) / 1e9

    def _list_thread_files(self) -> list[Path]:
        return list(Path(f"/proc/{self.process.pid}/task").glob("*/schedstat"))


def pick_cores() -> tuple[int, int]:
    """Return a core for the program under test and one for the load; the same if there is only one."""
    free = sorted(os.sched_getaffinity(0))
    return free[0], free[-1]


def module_command(name: str, *words: str) -> list[str]:
    """Return the command that runs a module of this project."""
    return [sys.executable, "-m", name, *words]


def find_free_port() -> int:
    """Return an unused port."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


@contextmanager
def start_child(
    command: Sequence[str],
    port: int,
    *,
    core: int | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    log: Path | None = None,
) -> Iterator[Child]:
    """Run a program until the block ends, then kill it. Raise RuntimeError if it doesn't listen within 30 s.

    Its output goes to `log`, or nowhere.
    """
    with open(log or os.devnull, "ab") as out:
        process = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **(env or {})}, stdout=out, stderr=out, start_new_session=True
        )
        try:
            if core is not None:
                os.sched_setaffinity(process.pid, {core})
            _wait_until_listening(process, port)
            yield Child(process, port)
        finally:
            process.kill()
            process.wait()


def _wait_until_listening(process: subprocess.Popen[bytes], port: int) -> None:
    until = time.monotonic() + _START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"{process.args!r} does not listen: status {process.poll()}.")
