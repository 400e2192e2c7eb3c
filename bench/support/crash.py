"""`kill -9` under load: every acknowledged webhook must be found by its id."""

from __future__ import annotations

import re
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from bench.support.child_process import find_free_port, pick_cores, start_child
from bench.support.contender import Contender
from bench.support.http_load import LoadResult, run_load
from bench.support.signed_webhooks import generate_requests, make_body

_ID = re.compile(rb"X-Buildkite-Request: (\S+)")


def kill_under_load(contender: Contender, folder: Path, size: int = 2600, after: float = 1.0) -> tuple[int, int]:
    """Return how many were acknowledged and how many rows there are. Raise AssertionError if one is missing."""
    serving, _loading = pick_cores()
    port, answered = find_free_port(), []
    with start_child(
        contender.make_command(port, folder), port, core=serving, env=contender.make_environ(port, folder)
    ) as program:

        def call() -> None:
            answered.append(run_load(port, generate_requests(make_body(size)), 64, 2 * after, keep=True))

        caller = threading.Thread(target=call)
        caller.start()
        time.sleep(after)
        program.process.kill()
        caller.join()
    return _compare_with_rows(answered[0], folder)


def _compare_with_rows(loaded: LoadResult, folder: Path) -> tuple[int, int]:
    acknowledged = {found[1].decode() for found in map(_ID.search, loaded.acknowledged) if found}
    with closing(sqlite3.connect(folder / "kitestring.db")) as line:
        stored = {row[0] for row in line.execute("SELECT delivery_id FROM deliveries")}
    assert acknowledged, "Nothing was acknowledged."
    assert acknowledged <= stored, f"{len(acknowledged - stored)} acknowledged webhooks are lost."
    return len(acknowledged), len(stored)
