"""Runs a private PostgreSQL server on loopback, from the binaries that the machine has."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FAST = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "shared_buffers=32MB")


def find_binaries() -> Path | None:
    """Return the folder with `initdb` and `postgres`: on the PATH, or where Debian puts them."""
    versions = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    found = shutil.which("initdb")
    candidates = [*versions, *([Path(os.path.realpath(found)).parent] if found else [])]
    complete = (folder for folder in candidates if (folder / "initdb").exists() and (folder / "postgres").exists())
    return next(complete, None)


@contextmanager
def run_server(folder: Path, *, fast: bool = True) -> Iterator[str]:
    """Run a server with its files below `folder`, and yield the SQLAlchemy URL of an empty database.

    A `fast` server never syncs the disk.
    """
    found = find_binaries()
    if found is None:
        raise FileNotFoundError("no PostgreSQL server binaries")
    files, port = folder / "pg", _free_port()
    files.mkdir()
    as_user = _owner(files)
    _run([found / "initdb", "-D", files, "-U", "kitestring", "-A", "trust", "--no-sync", "-E", "UTF8"], as_user)
    options = [
        "-D",
        files,
        "-p",
        str(port),
        "-c",
        "listen_addresses=127.0.0.1",
        "-c",
        f"unix_socket_directories={files}",
    ]
    _run(
        [
            found / "pg_ctl",
            "-D",
            files,
            "-w",
            "-l",
            files / "log",
            "-o",
            " ".join(map(str, (*options[2:], *(_FAST if fast else ())))),
            "start",
        ],
        as_user,
    )
    try:
        yield f"postgresql+asyncpg://kitestring@127.0.0.1:{port}/postgres"
    finally:
        _run([found / "pg_ctl", "-D", files, "-m", "immediate", "-w", "stop"], as_user)


def restart(files: Path) -> None:
    """Crash the server whose files are in that folder, and start it again; no commit is lost."""
    found = find_binaries()
    if found is None:
        raise FileNotFoundError("no PostgreSQL server binaries")
    command = [found / "pg_ctl", "-D", files, "-m", "immediate", "-w", "-l", files / "log", "restart"]
    _run(command, files.owner() if os.geteuid() == 0 else None)


def _owner(files: Path) -> str | None:
    """Give the files to another user if this is root, since PostgreSQL refuses to run as root; return the user."""
    if os.geteuid() != 0:
        return None
    user = next(name for name in ("postgres", "nobody") if _exists(name))
    for parent in (files, *files.parents):
        if parent == Path("/tmp"):  # noqa: S108  (only widened below the temporary folder)
            break
        parent.chmod(parent.stat().st_mode | 0o011)
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
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
