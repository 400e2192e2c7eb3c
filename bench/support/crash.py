"""`kill -9` amid the load: every acknowledged webhook is found by its id."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from bench.support.child_process import child, cores, free_port
from bench.support.contender import Contender
from bench.support.http_load import Loaded, load
from bench.support.signed_webhooks import body, requests

_ID = re.compile(rb"X-Buildkite-Request: (\S+)")


def crashed(contender: Contender, folder: Path, size: int = 2600, after: float = 1.0) -> tuple[int, int]:
    """How many were acknowledged, and how many rows there are; raises AssertionError when one is missing."""
    serving, _loading = cores()
    port, answered = free_port(), []
    with child(
        contender.command(port, folder), port, core=serving, env=contender.environ(port, folder)
    ) as program:

        def call() -> None:
            answered.append(load(port, requests(body(size)), 64, 2 * after, keep=True))

        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(after)
        program.process.kill()
        caller.join()
    return _compared(answered[0], folder)


def _compared(loaded: Loaded, folder: Path) -> tuple[int, int]:
    acknowledged = {found[1].decode() for found in map(_ID.search, loaded.kept) if found}
    with closing(sqlite3.connect(folder / "kitestring.db")) as line:
        stored = {row[0] for row in line.execute("SELECT delivery_id FROM deliveries")}
    assert acknowledged, "Nothing was acknowledged."
    assert acknowledged <= stored, f"{len(acknowledged - stored)} acknowledged webhooks are lost."
    return len(acknowledged), len(stored)
