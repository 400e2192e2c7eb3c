"""Processes from their start to their first answer: `serve`, and its baselines."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from bench.support.child_process import ROOT, Child, find_free_port, module_command

# The libraries of the bot: no start can be shorter than importing them.
LIBRARIES = (
    *("click", "structlog", "pydantic_settings", "httpx", "msgspec", "yaml", "filelock", "prometheus_client"),
    *("sqlalchemy.ext.asyncio", "sqlalchemy.dialects.sqlite.aiosqlite", "cryptography.fernet"),
    *("uvloop", "httptools", "uvicorn", "starlette.requests", "slack_bolt.async_app"),
    "slack_bolt.adapter.starlette.async_handler",
)
# Installed only with the tests; structlog, httpx and Mako import them if they are installed.
_TEST_ONLY = ("rich", "pygments")
_START_SECONDS = 60.0


def hide_test_packages(folder: Path) -> dict[str, str]:
    """Return the environment that hides packages installed only with the tests."""
    for name in _TEST_ONLY:
        (folder / f"{name}.py").write_text(f'raise ImportError("{name} comes with the tests")\n')
    return {"PYTHONPATH": f"{folder}:{ROOT}"}


def time_library_imports(environ: Mapping[str, str]) -> float:
    """Return the seconds until a bare Python has imported `LIBRARIES` and exited."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {', '.join(LIBRARIES)}"], check=True, env=environ)
    return time.perf_counter() - began


class ServerStart:
    """A started server; `seconds` until it answered `path` with 200. Stopped when the block ends."""

    def __init__(self, command: list[str], environ: Mapping[str, str], folder: Path, port: int, path: str) -> None:
        self._command = command
        self._environ = dict(environ)
        self._folder = folder
        self._port = port
        self._path = path
        self.log = folder / "log"
        self.seconds = 0.0

    def run(self) -> float:
        """Start it, wait until it is ready, and stop it."""
        with self:
            return self.seconds

    def __enter__(self) -> ServerStart:
        began = time.perf_counter()
        with open(self.log, "wb") as log:
            process = subprocess.Popen(self._command, cwd=self._folder, env=self._environ, stdout=log, stderr=log)
        self.child = Child(process, self._port)
        with ExitStack() as failed:
            failed.callback(self.__exit__)
            while not is_ready(self._port, self._path):
                if process.poll() is not None or time.perf_counter() - began > _START_SECONDS:
                    raise RuntimeError(f"It does not answer:\n{self.log.read_text()}")
                time.sleep(0.005)
            failed.pop_all()
        self.seconds = time.perf_counter() - began
        return self

    def __exit__(self, *_error: object) -> None:
        """Stop it as an orchestrator does: SIGTERM, then SIGKILL after 30 s."""
        self.child.process.terminate()
        try:
            self.child.process.wait(30)
        except subprocess.TimeoutExpired:
            self.child.process.kill()
            self.child.process.wait()


def is_ready(port: int, path: str) -> bool:
    """Tell whether that path answers 200 now."""
    try:
        with build_opener(ProxyHandler({})).open(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
            return bool(answer.status == 200)
    except (URLError, OSError):
        return False


def start_serve(environ: Mapping[str, str], folder: Path, command: list[str] | None = None) -> ServerStart:
    """Return `kitestring serve`, ready when it says so."""
    port = find_free_port()
    return ServerStart(
        command or module_command("bot", "serve"), {**environ, "PORT": str(port)}, folder, port, "/readyz"
    )


def start_starlette(environ: Mapping[str, str], folder: Path) -> ServerStart:
    """Return a Starlette route on uvicorn."""
    port = find_free_port()
    return ServerStart(module_command("bench.support.bare_server", str(port)), environ, folder, port, "/readyz")
