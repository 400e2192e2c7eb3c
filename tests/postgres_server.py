"""Runs a private PostgreSQL server on loopback, from the binaries that the machine has."""

from __future__ import annotations

import os
import pwd
import random
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB")
_NEW = ("-U", "kitestring", "-A", "trust", "--no-sync", "-E", "UTF8")
_PORTS = range(20_000, 32_000)
_ATTEMPTS = 3  # to find a port that nobody else takes
_START_SECONDS = 300  # only ends a start that hangs: on a busy machine, recovery after a crash takes long


def find_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres`: on the PATH, or where Debian puts them."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    candidates = [*versions, *([Path(os.path.realpath(found)).parent] if found else [])]
    complete = (folder for folder in candidates if (folder / "initdb").exists() and (folder / "postgres").exists())
    return next(complete, None)


@contextmanager
def run_server(*, fast: bool = True) -> Iterator[str]:
    """Run a server, and yield the SQLAlchemy URL of an empty database; its files are removed at the end.

    A `fast` server never syncs the disk.
    """
    binaries = find_binaries()
    if binaries is None:
        raise FileNotFoundError("no PostgreSQL server binaries")
    with _folder_of_its_own() as (files, user):
        _run([binaries / "initdb", "-D", files, *_NEW], user)
        port = _start(binaries, files, user, _FAST if fast else ())
        try:
            yield f"postgresql+asyncpg://kitestring@127.0.0.1:{port}/postgres"
        finally:
            _run([binaries / "pg_ctl", "-D", files, "-m", "immediate", "-w", "stop"], user)


@contextmanager
def _folder_of_its_own() -> Iterator[tuple[Path, str | None]]:
    """Provide a folder for the server's files, and the user whom it belongs to if that isn't this one.

    It isn't below pytest's temporary folder: as root, the server runs as another user, and each start of pytest
    closes that folder to other users, whichever tests of this user are still running.
    """
    files = Path(tempfile.mkdtemp(prefix="kitestring-postgresql-"))
    try:
        yield files, _give_away(files)
    finally:
        shutil.rmtree(files)


def _start(binaries: Path, files: Path, user: str | None, options: tuple[str, ...]) -> int:
    """Start the server, and return its port.

    Another program may take a free port before the server does; then another port is tried.
    """
    for _ in range(_ATTEMPTS - 1):
        with suppress(subprocess.CalledProcessError):
            return _start_on(_free_port(), binaries, files, user, options)
    return _start_on(_free_port(), binaries, files, user, options)


def _start_on(port: int, binaries: Path, files: Path, user: str | None, options: tuple[str, ...]) -> int:
    where = ("-p", str(port), "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={files}")
    control = [binaries / "pg_ctl", "-D", files, "-w", "-t", _START_SECONDS, "-l", files / "log"]
    _run([*control, "-o", " ".join((*where, *options)), "start"], user)
    return port


def restart(files: Path) -> None:
    """Crash the server whose files are in that folder, and start it again; no commit is lost."""
    found = find_binaries()
    if found is None:
        raise FileNotFoundError("no PostgreSQL server binaries")
    command = [found / "pg_ctl", "-D", files, "-m", "immediate", "-w", "-t", _START_SECONDS, "-l", files / "log"]
    _run([*command, "restart"], files.owner() if os.geteuid() == 0 else None)


def _give_away(files: Path) -> str | None:
    """Give the folder to another user if this is root, and return the user: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return None
    user = next(name for name in ("postgres", "nobody") if _exists(name))
    shutil.chown(files, user)
    return user


def _exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _run(command: list[object], user: str | None) -> None:
    subprocess.run([str(part) for part in command], check=True, user=user, stdout=subprocess.DEVNULL)


def _free_port() -> int:
    """Return a port that nobody listens on.

    Linux doesn't give it to a connection, as it does with those from 32768, so it is still free after a restart.
    """
    for port in random.sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError("all ports are taken")
