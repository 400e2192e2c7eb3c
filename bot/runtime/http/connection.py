"""Limits what an HTTP client can take up, since uvicorn's protocol bounds neither header size nor time.

Without limits, one client that sends a header byte a minute, or never reads its answer, holds a connection and its
buffers for ever. A reverse proxy would do the same job, but the bot must be safe without one.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from bot.runtime.http.asgi import MEBIBYTE
from bot.runtime.http.fast_path import Exchange, FastHandler

RequestPhase = Literal["idle", "head", "body", "refused"]


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
    idle_seconds: int = 30
    # Well below the usual limit of 1,024 open files, which the database and outgoing requests share.
    connections: int = 500


class Connection(HttpToolsProtocol):
    """A connection that answers 431, 413, 408 or 503 when a limit is exceeded.

    `fast_handlers`, by path, take plain POSTs without an ASGI task. The phase says what the client is sending now.
    One timer at a time runs, for the part of the request that is arriving; another runs while writing is paused.
    """

    def __init__(
        self, limits: ConnectionLimits, fast_handlers: Mapping[bytes, FastHandler], **uvicorn_arguments: Any
    ) -> None:
        super().__init__(**uvicorn_arguments)
        self._limits = limits
        self._fast_handlers = fast_handlers
        self._exchange: Exchange | None = None
        self._phase: RequestPhase = "idle"
        self._requests = 0
        self._received = 0
        self._timer: TimerHandle | None = None
        self._timed_part: tuple[int, RequestPhase] | None = None
        self._write_timer: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, or answer 503 if there are too many."""
        super().connection_made(transport)
        # `pause_writing` is to be called for any unread answer, not only for one that overflows the default 64 KiB
        # buffer: it starts the timer. With `high=0` asyncio's TLS transport would never write at all.
        transport.set_write_buffer_limits(high=1, low=0)
        if len(self.connections) > self._limits.connections:
            transport.write(_render_refusal(503))
            transport.close()
        else:
            self._start_timer(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Cancel the timers."""
        _cancel(self._timer)
        _cancel(self._write_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser no more than the limit of the current phase allows, then restart the timer if needed."""
        while data and self._phase != "refused" and not self.transport.is_closing():
            if self._phase == "idle":
                self._phase, self._received = "head", 0
            room = self._byte_limit - self._received
            phase = self._feed(data[:room])
            data = data[room:]
            if phase != "idle" and self._received >= self._byte_limit:
                self._refuse(413 if phase == "body" else 431)
        self._restart_timer()

    @property
    def _byte_limit(self) -> int:
        return self._limits.request_bytes if self._phase == "body" else self._limits.head_bytes

    def _feed(self, piece: bytes) -> RequestPhase:
        """Feed a piece to the parser and return the phase it led to.

        Pieces are at most as long as the limit: the parser calls the `on_…` methods for all of a piece at once, so
        that only between pieces can a limit be enforced.
        """
        before = self._requests
        self._received += len(piece)
        super().data_received(piece)
        if self._exchange is not None and not self._exchange.more_body:
            exchange, self._exchange = self._exchange, None
            if not exchange.disconnected:
                exchange.dispatch()
        if self._requests != before:
            self._received = (
                0  # what the piece holds of a pipelined next request goes uncounted: one piece at most
            )
        return self._phase

    def on_message_begin(self) -> None:
        """Enter the phase of the head."""
        super().on_message_begin()
        self._phase = "head"

    def on_headers_complete(self) -> None:
        """Enter the phase of the body, and choose between the fast path and ASGI."""
        self._phase = "body"
        handler = self._fast_handlers.get(self.url)
        if handler is None or not self._is_plain_post() or not handler.accepts(fields := dict(self.headers[::-1])):
            super().on_headers_complete()
            return
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self._exchange = Exchange(handler, fields, self, keep_alive=keep_alive)
        self.cycle = self._exchange  # type: ignore[assignment]  # has all members of a cycle that uvicorn uses

    def _is_plain_post(self) -> bool:
        """Return whether this is a POST with nothing special about it, and no earlier request is unanswered.

        An answer must not overtake that of an earlier request on the connection (pipelining), and `Expect:
        100-continue` and upgrades are left to uvicorn.
        """
        return (
            self._find_open_cycle() is None
            and not self.flow.write_paused
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and self.parser.get_method() == b"POST"
        )

    def on_body(self, body: bytes) -> None:
        """Collect a piece of the body."""
        cycle: object = self.cycle
        if self._exchange is not None and cycle is self._exchange:
            self._exchange.add(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """Count the request, which is complete."""
        super().on_message_complete()
        self._phase = "idle"
        self._requests += 1

    def pause_writing(self) -> None:
        """Give the client a bounded time to read its answer."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop the timer: the client has read its answer."""
        _cancel(self._write_timer)
        super().resume_writing()

    def _restart_timer(self) -> None:
        """Start the timer anew for each head and each body, but not for each piece of them.

        Otherwise a client could keep the connection for ever by sending a byte at a time.
        """
        part = (self._requests, self._phase) if self._phase in {"head", "body"} else None
        if self._phase == "refused" or part == self._timed_part is not None:
            return
        self._timed_part = part
        _cancel(self._timer)
        if part:
            self._start_timer(self._limits.body_seconds if self._phase == "body" else self._limits.head_seconds)

    def _start_timer(self, seconds: float) -> None:
        self._timer = self.loop.call_later(seconds, self._refuse, 408)

    def _refuse(self, status: int) -> None:
        """Answer with `status`, unless an earlier request is still being answered or none was begun, and hang up.

        A running ASGI application is told that the client disconnected, so that its task ends.
        """
        if self.transport.is_closing():
            return
        phase, self._phase, cycle = self._phase, "refused", self._find_open_cycle()
        unanswered = not cycle or (phase == "body" and not cycle.response_started)
        if unanswered and phase != "idle":
            self.transport.write(_render_refusal(status))
        if cycle:
            cycle.disconnected = True
            cycle.message_event.set()
        self._half_close()

    def _find_open_cycle(self) -> RequestResponseCycle | None:
        return self.cycle if self.cycle and not self.cycle.response_complete else None

    def _half_close(self) -> None:
        """Close our side now and the connection a moment later, dropping what still arrives.

        If a socket with unread data is closed at once, the kernel sends a reset, and the client may lose the
        answer that says why.
        """
        _cancel(self._timer)
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(self._limits.refusal_seconds, self.transport.close)


def make_connection_factory(
    limits: ConnectionLimits, fast_handlers: Mapping[bytes, FastHandler]
) -> Callable[..., asyncio.Protocol]:
    """Return the factory that uvicorn calls for each connection."""

    def make_connection(**uvicorn_arguments: Any) -> asyncio.Protocol:
        return Connection(limits, fast_handlers, **uvicorn_arguments)

    return make_connection


def _render_refusal(status: int) -> bytes:
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    return f"{head}content-length: 0\r\nconnection: close\r\n\r\n".encode()


def _cancel(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
