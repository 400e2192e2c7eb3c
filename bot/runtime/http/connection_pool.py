"""Keeps what the connections of one server share: their limits, their handlers and their number."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Protocol

from bot.runtime.http.asgi import MEBIBYTE
from bot.runtime.http.fast_path import FastHandler

# Makes uvicorn's protocol; the argument becomes the `state` of each ASGI scope.
MakeProtocol = Callable[[dict[str, object]], asyncio.Protocol]
# Exchanges that are under way at shutdown get this long. Storing a webhook takes milliseconds, and those that
# would wait two seconds are refused.
_EXCHANGE_SECONDS = 2
_POLL_SECONDS = 0.01
# Turns of the event loop that closing takes at most: a plain socket needs one, and TLS a few.
_CLOSING_TURNS = 100


@dataclass(frozen=True)
class ConnectionLimits:
    """The limits of one client, and of all clients together (`connections`)."""

    # Far more than Slack and Buildkite send, proxies' additions included.
    head_bytes: int = 64 * 1024
    # As sent, with chunk framing; the endpoints refuse bodies of more than 1 MiB themselves, with a reason.
    request_bytes: int = 4 * MEBIBYTE
    handshake_seconds: float = 10
    head_seconds: float = 10
    # Longer than the endpoints' own 10 seconds, so that their answer, which says what was wrong, comes first.
    body_seconds: float = 12
    # For the client to read the answer.
    answer_seconds: float = 10
    # For the client to read a refusal before the connection is closed.
    refusal_seconds: float = 1
    # Between two requests.
    idle_seconds: float = 30
    # Well below the usual limit of 1,024 open files, which the database and outgoing requests share.
    connections: int = 500


class OpenConnection(Protocol):
    """A connection, as the pool needs it."""

    @property
    def is_exchanging(self) -> bool:
        """Return whether a fast handler has, or is about to get, a request of this connection."""

    def finish(self) -> None:
        """Close the connection after the running exchange."""

    def abort(self) -> None:
        """Close the connection at once."""


@dataclass
class ConnectionPool:
    """The open connections of one server, and what they share.

    `fast_handlers`, by path, take plain POSTs without an ASGI task.
    """

    limits: ConnectionLimits
    fast_handlers: Mapping[bytes, FastHandler]
    make_protocol: MakeProtocol
    connections: set[OpenConnection] = field(default_factory=set)
    is_finishing: bool = False
    _second: int = 0
    _date: bytes = b""

    def render_date(self) -> bytes:
        """Return the `Date` field of an answer that is sent now."""
        if (second := int(time.time())) != self._second:
            self._second = second
            self._date = f"date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._date

    async def finish_exchanges(self) -> None:
        """Wait until fast handlers have answered, for a bounded time. Uvicorn knows nothing of their requests.

        A connection that was accepted in the last moment, and is reported only now, is closed at once.
        """
        self.is_finishing = True
        for connection in tuple(self.connections):
            connection.finish()
        for _ in range(int(_EXCHANGE_SECONDS / _POLL_SECONDS)):
            if not any(connection.is_exchanging for connection in self.connections):
                break
            await asyncio.sleep(_POLL_SECONDS)

    async def abort_connections(self) -> None:
        """Close what is still open, and wait until it is: a loop that ends before leaves sockets behind.

        Those are clients that were refused or cut off, and have not read why yet.
        """
        for connection in tuple(self.connections):
            connection.abort()
        for _ in range(_CLOSING_TURNS):
            if not self.connections:
                break
            await asyncio.sleep(0)
