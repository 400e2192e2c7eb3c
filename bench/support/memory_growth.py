"""Many webhooks through one `serve`: its memory meanwhile, and a check that all of them were read."""

from __future__ import annotations

import asyncio
import itertools
import random
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import uvloop

from bench.support.build_events import Event, Life, interleave, make_template
from bench.support.child_process import Child
from bench.support.signed_webhooks import PATH
from simulators.buildkite.webhooks import sign
from tests.conversations.world import WEBHOOK_SECRET

_BUILDS_AT_ONCE = 40
_CONNECTIONS = 16
# Most deliveries waiting in the inbox, as real webhooks don't all arrive at once.
_BATCH = 5_000
_READ_SECONDS = 300.0


class Sample(NamedTuple):
    """The number of webhooks read, and the memory of the process in MiB."""

    read: int
    resident: float


class Growth:
    """Sends webhooks to one `serve` with its SQLite database at `file`."""

    def __init__(self, child: Child, file: Path) -> None:
        self._child = child
        self._file = file
        self._ended = 0
        self.samples: list[Sample] = []

    def run(self, events: int) -> float:
        """Send them and wait until they are read; return the seconds.

        Raise RuntimeError if one wasn't acknowledged, wasn't read or was set aside, or if a build's end wasn't
        recorded.
        """
        began, requests = time.perf_counter(), generate_requests(self._count_ended)
        self.samples.append(Sample(0, self._child.measure_memory()))
        for start in range(0, events, _BATCH):
            self._send_batch(list(itertools.islice(requests, min(_BATCH, events - start))))
            self.samples.append(Sample(min(start + _BATCH, events), self._child.measure_memory()))
        self._check(events)
        return time.perf_counter() - began

    def _count_ended(self, lives: Sequence[Life]) -> None:
        self._ended += len(lives)

    def _send_batch(self, requests: list[bytes]) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_send_all(self._child.port, requests))
        until = time.monotonic() + _READ_SECONDS
        while self._count("SELECT count(*) FROM deliveries WHERE state = 'new'"):
            if time.monotonic() > until:
                raise RuntimeError(f"They are not all read within {_READ_SECONDS:.0f} s.")
            time.sleep(0.1)

    def _check(self, events: int) -> None:
        read = self._count("SELECT count(*) FROM deliveries WHERE state = 'done'")
        passed = self._count("SELECT count(*) FROM runs WHERE phase = 'passed'")
        if read != events or passed < self._ended:
            raise RuntimeError(f"{read} of {events} were read, {passed} of {self._ended} builds passed.")

    def _count(self, query: str) -> int:
        with closing(sqlite3.connect(f"file:{self._file}?mode=ro", uri=True)) as line:
            return int(line.execute(query).fetchone()[0])


def generate_requests(on_ended: Callable[[Sequence[Life]], None] = lambda _lives: None) -> Iterator[bytes]:
    """Yield requests about builds that start and end, forty at a time, each signed when it is requested.

    `on_ended` is called with builds whose requests have all been yielded.
    """
    made, numbers, sent, run = make_template(), itertools.count(1), itertools.count(1), random.randrange(10**9)
    while True:
        lives = [made.make_life(next(numbers), run) for _ in range(_BUILDS_AT_ONCE)]
        for event in interleave(lives, _BUILDS_AT_ONCE):
            yield _render_request(event, f"{run:09d}-{next(sent):012d}")
        on_ended(lives)


async def _send_all(port: int, requests: list[bytes]) -> None:
    """Send all on_ended keep-alive connections. Raise RuntimeError for an answer other than 2xx."""
    left = iter(requests)
    await asyncio.gather(*(_send_over_connection(port, left) for _ in range(_CONNECTIONS)))


async def _send_over_connection(port: int, requests: Iterator[bytes]) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in requests:
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if head[9:10] != b"2":
            raise RuntimeError(f"Not acknowledged: {head[:30]!r}")
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await reader.readexactly(int(length or b"0"))
    writer.close()


def _render_request(event: Event, id_: str) -> bytes:
    head = {
        "Host": "127.0.0.1",
        "Content-Type": "application/json",
        "X-Buildkite-Event": event.name,
        "X-Buildkite-Request": id_,
        "X-Buildkite-Signature": sign(event.body, WEBHOOK_SECRET, int(time.time())),
        "Content-Length": str(len(event.body)),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in head.items())
    return f"POST {PATH} HTTP/1.1\r\n{lines}\r\n".encode() + event.body
