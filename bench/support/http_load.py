"""Load over keep-alive connections: requests as prepared bytes, status and time of each answer."""

from __future__ import annotations

import asyncio
import re
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

import uvloop

from bench.support.rounds import compute_percentile

_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)
_TICK_SECONDS = 0.002


@dataclass
class LoadResult:
    """Answers by status, the seconds of each, over `seconds`; `acknowledged` holds the requests answered with 2xx,
    if they were to be kept.
    """

    seconds: float = 0.0
    answers: Counter[int] = field(default_factory=Counter)
    seconds_each: list[float] = field(default_factory=list)
    lost: int = 0
    acknowledged: list[bytes] = field(default_factory=list)

    @property
    def good(self) -> int:
        """Return the number of 2xx answers."""
        return sum(count for status, count in self.answers.items() if 200 <= status < 300)

    @property
    def rate(self) -> float:
        """Return the 2xx answers a second."""
        return self.good / self.seconds

    def milliseconds_at(self, share: float) -> float:
        """Return the milliseconds within which that share of the answers came."""
        return compute_percentile(self.seconds_each, share) * 1000


class Load:
    """Sends `requests` over several connections, as fast as answers come, or at `rate` a second regardless.

    With a rate, an answer's time counts from when its request was due. A connection that the server closed is
    reopened; a request without an answer counts as lost.
    """

    def __init__(
        self,
        port: int,
        requests: Iterator[bytes],
        connections: int,
        rate: float | None = None,
        *,
        keep: bool = False,
    ) -> None:
        self.keep = keep
        self._port = port
        self._requests = requests
        self._connections = connections
        self._rate = rate
        self._due: deque[float] = deque()
        self._idle: list[_Caller] = []
        self._ended = False
        self._opening: set[asyncio.Task[None]] = set()
        self.result = LoadResult()

    async def run(self, seconds: float) -> LoadResult:
        """Run for that long; unfinished requests at the end aren't counted."""
        callers = [_Caller(self) for _ in range(self._connections)]
        await asyncio.gather(*(self._open(caller) for caller in callers))
        began = time.perf_counter()
        await (asyncio.sleep(seconds) if self._rate is None else self._run_paced(began, seconds))
        self._ended = True
        self.result.seconds = time.perf_counter() - began
        for task in self._opening:
            task.cancel()
        for caller in callers:
            caller.close()
        await asyncio.sleep(0)
        return self.result

    def assign(self, caller: _Caller) -> None:
        """Give this connection its next request."""
        if self._ended:
            return
        if self._rate is None:
            caller.send(next(self._requests), time.perf_counter())
        elif self._due:
            caller.send(next(self._requests), self._due.popleft())
        else:
            self._idle.append(caller)

    def reopen(self, caller: _Caller, *, unanswered: bool) -> None:
        """Reopen a connection that the server closed."""
        if self._ended:
            return
        self.result.lost += unanswered
        if caller in self._idle:
            self._idle.remove(caller)
        task = asyncio.ensure_future(self._open(caller))
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)

    async def _open(self, caller: _Caller) -> None:
        while not self._ended:
            try:
                await asyncio.get_running_loop().create_connection(lambda: caller, "127.0.0.1", self._port)
            except OSError:
                await asyncio.sleep(_TICK_SECONDS)
            else:
                return

    async def _run_paced(self, began: float, seconds: float) -> None:
        number, every = 0, 1 / (self._rate or 1)
        while (now := time.perf_counter()) - began < seconds:
            while began + number * every <= now:
                self._due.append(began + number * every)
                number += 1
            while self._due and self._idle:
                self._idle.pop().send(next(self._requests), self._due.popleft())
            await asyncio.sleep(_TICK_SECONDS)


class _Caller(asyncio.Protocol):
    """One connection: a request, its answer, the next."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: asyncio.Transport | None = None
        self._at: float | None = None
        self._request = b""
        self._got = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._transport, self._at, self._got = transport, None, b""
        self._load.assign(self)

    def send(self, request: bytes, since: float) -> None:
        """Send a request; its time counts from `since`."""
        assert self._transport is not None
        self._at, self._request = since, request
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._got = self._got + data if self._got else data
        if self._at is None or not _is_complete(self._got):
            return
        loaded, status = self._load.result, int(self._got[9:12])
        loaded.answers[status] += 1
        loaded.seconds_each.append(time.perf_counter() - self._at)
        if self._load.keep and 200 <= status < 300:
            loaded.acknowledged.append(self._request)
        ended = _is_last(self._got)
        self._at, self._got = None, b""
        if self._transport is None or self._transport.is_closing():
            return
        if ended:
            self._transport.abort()
        else:
            self._load.assign(self)

    def connection_lost(self, _error: Exception | None) -> None:
        self._load.reopen(self, unanswered=self._at is not None)

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.abort()


def _is_complete(got: bytes) -> bool:
    """Tell whether an answer is complete: by its length, by its last chunk, or because it has no body."""
    end = got.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = _LENGTH.search(got, 0, end)
    if length:
        return len(got) >= end + 4 + int(length[1])
    return got[9:12] == b"204" or got.endswith(b"0\r\n\r\n")


def _is_last(got: bytes) -> bool:
    """Tell whether the server will close the connection."""
    return got.startswith(b"HTTP/1.0") or b"connection: close" in got[: got.find(b"\r\n\r\n")].lower()


def run_load(
    port: int,
    requests: Iterator[bytes],
    connections: int,
    seconds: float,
    rate: float | None = None,
    *,
    keep: bool = False,
) -> LoadResult:
    """Run a Load in its own event loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(Load(port, requests, connections, rate, keep=keep).run(seconds))
