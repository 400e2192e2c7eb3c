"""Limits what an HTTP client can take up, since uvicorn bounds neither header size nor time.

Without limits, one client that sends a header byte a minute, or never reads its answer, holds a connection and its
buffers for ever. A reverse proxy would do the same job, but the bot must be safe without one.

The connection is between the socket and uvicorn's protocol. It passes bytes on by the methods that every asyncio
protocol has, and uses nothing else of uvicorn's. tests/http/test_uvicorn_contract.py has what it relies on.
"""

from __future__ import annotations

import asyncio
from asyncio import TimerHandle
from http import HTTPStatus

from bot.runtime.http.answer_progress import AnswerProgress
from bot.runtime.http.connection_pool import ConnectionPool
from bot.runtime.http.fast_path import Exchange, HeldRequest, RenderAnswer
from bot.runtime.http.framing import Framing, RequestPhase


class Connection(asyncio.Protocol):
    """A connection that answers 431, 413, 408 or 503 when a limit is exceeded.

    A request that a fast handler may take is held back until it is complete. Uvicorn's protocol gets all others,
    and is made for the first of them. One timer at a time runs, for the part of the request that is arriving or
    for the pause between requests; another runs while writing is paused.
    """

    def __init__(self, pool: ConnectionPool) -> None:
        self._pool = pool
        self._limits = pool.limits
        self._framing = Framing()
        self._uvicorn: asyncio.Protocol | None = None
        self._received = 0
        self._answers = AnswerProgress(self._note_answer)
        self._held: HeldRequest | None = None
        self._exchanging = self._refused = self._finishing = False
        self._backlog = b""
        self._timer: TimerHandle | None = None
        self._timed_part: tuple[int, RequestPhase] | None = (0, "idle")
        self._write_timer: TimerHandle | None = None

    # asyncio's stubs name the transport that streams and datagrams have in common.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Accept the connection, or answer 503 if there are too many."""
        self._transport = transport
        self._loop = asyncio.get_running_loop()
        self._pool.connections.add(self)
        # `pause_writing` is to be called for any unread answer, not only for one that overflows the default 64 KiB
        # buffer: it starts the timer. With `high=0` asyncio's TLS transport would never write at all.
        transport.set_write_buffer_limits(high=1, low=0)
        if self._pool.is_finishing:
            transport.abort()
        elif len(self._pool.connections) > self._limits.connections:
            transport.write(_render_refusal(503))
            transport.close()
        else:
            self._timer = self._loop.call_later(self._limits.head_seconds, transport.close)

    def connection_lost(self, _error: Exception | None) -> None:
        """Cancel the timers and forget the connection."""
        self._pool.connections.discard(self)
        _cancel(self._timer)
        _cancel(self._write_timer)
        self._abandon("gone")
        if self._uvicorn is not None:
            # Without the error: uvicorn cancels its own timer only for a connection that was closed in order.
            self._uvicorn.connection_lost(None)

    def data_received(self, data: bytes) -> None:
        """Take the bytes in pieces that stay within the limits."""
        while data and not self._refused and not self._transport.is_closing():
            if self._exchanging or self._backlog:
                self._backlog += data
                self._transport.pause_reading()
                break
            data = self._take_piece(data)
        self._restart_timer()

    def _take_piece(self, data: bytes) -> bytes:
        """Take no more than the limit of the current phase allows, and return the rest.

        The parser reports all that is in a piece at once, so that only between pieces can a limit be enforced.
        """
        framing, requests = self._framing, self._framing.requests
        room = self._byte_limit - self._received
        piece, rest = data[:room], data[room:]
        if self._phase == "idle" and not self._open_requests and self._write_timer is None:
            self._held = HeldRequest(self._pool.fast_handlers, framing)
        self._received += len(piece)
        framing.feed(piece)
        if framing.requests != requests:
            self._received = 0  # what the piece holds of a next request goes uncounted: one piece at most
        if self._held is None:
            self._get_protocol().data_received(piece)
        else:
            self._hold(self._held, piece)
        if self._phase != "idle" and self._received >= self._byte_limit:
            self._refuse(413 if self._phase == "body" else 431)
        return rest

    @property
    def _phase(self) -> RequestPhase:
        """The part of a request that is arriving; a head begins with whatever the client sends."""
        return "head" if self._received and self._framing.phase == "idle" else self._framing.phase

    @property
    def _byte_limit(self) -> int:
        return self._limits.request_bytes if self._framing.phase == "body" else self._limits.head_bytes

    @property
    def _open_requests(self) -> int:
        """The number of requests with a complete head that are not answered."""
        return self._framing.heads - self._answers.complete

    def _hold(self, held: HeldRequest, piece: bytes) -> None:
        """Hold this piece, and give the request to its fast handler or to uvicorn once it's known whose it is."""
        if not held.add(piece):
            self._release(held)
        elif held.handler is not None and self._phase != "body":
            # Complete, unless a next request has begun, of which these bytes are a part.
            body = held.split_body()
            if body is None:
                self._release(held)
            else:
                self._held, self._exchanging = None, True
                held.handler.handle(Exchange(self._framing.fields, body, self._send_answer))

    def _release(self, held: HeldRequest) -> None:
        """Pass what is held to uvicorn."""
        self._held = None
        self._get_protocol().data_received(held.content)

    def _send_answer(self, render: RenderAnswer, close: bool) -> None:
        """Send the answer of the exchange; nothing if the client is gone."""
        self._exchanging = False
        self._answers.mark_complete()
        if self._transport.is_closing():
            return
        close = close or self._finishing or not self._framing.keep_alive
        self._transport.write(render(self._pool.render_date() + (b"connection: close\r\n" if close else b"")))
        if close:
            self._transport.close()
        elif self._backlog:
            self._loop.call_soon(self._take_backlog)

    def _take_backlog(self) -> None:
        """Take what arrived during an exchange; called by the loop, so that errors don't reach the answerer."""
        data, self._backlog = self._backlog, b""
        self._transport.resume_reading()
        self.data_received(data)

    def _get_protocol(self) -> asyncio.Protocol:
        if self._uvicorn is None:
            self._uvicorn = self._pool.make_protocol(self._answers.make_state())
            self._uvicorn.connection_made(self._transport)
            if self._write_timer is not None:
                self._uvicorn.pause_writing()
        return self._uvicorn

    @property
    def is_exchanging(self) -> bool:
        """Return whether a fast handler has, or is about to get, a request of this connection."""
        return self._exchanging or (self._held is not None and self._held.handler is not None)

    def finish(self) -> None:
        """Close the connection after the running exchange. Uvicorn closes those whose protocol it has."""
        self._finishing = True
        if not self.is_exchanging and self._uvicorn is None:
            self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._transport.abort()

    def pause_writing(self) -> None:
        """Give the client a bounded time to read its answer."""
        self._write_timer = self._loop.call_later(self._limits.answer_seconds, self._transport.abort)
        if self._uvicorn is not None:
            self._uvicorn.pause_writing()

    def resume_writing(self) -> None:
        """Stop the timer: the client has read its answer."""
        _cancel(self._write_timer)
        self._write_timer = None
        if self._uvicorn is not None:
            self._uvicorn.resume_writing()

    def _note_answer(self) -> None:
        """Hang up if a request was answered before its body was complete: nobody will read the rest."""
        if self._phase == "body" and not self._open_requests and not self._transport.is_closing():
            self._refused = True
            self._half_close()
        else:
            self._restart_timer()

    def _restart_timer(self) -> None:
        """Start the timer for each head, each body and each pause, but not for each piece of them.

        Otherwise a client could keep the connection for ever by sending a byte at a time.
        """
        phase = self._phase
        part = None if phase == "idle" and self._open_requests else (self._framing.requests, phase)
        if self._refused or part == self._timed_part or self._transport.is_closing():
            return
        self._timed_part = part
        _cancel(self._timer)
        if part is None:
            return
        if phase == "idle":
            self._timer = self._loop.call_later(self._limits.idle_seconds, self._transport.close)
        else:
            seconds = self._limits.body_seconds if phase == "body" else self._limits.head_seconds
            self._timer = self._loop.call_later(seconds, self._refuse, 408)

    def _refuse(self, status: int) -> None:
        """Answer with `status`, unless an answer is due to an earlier request or has begun, and hang up.

        A running ASGI app is told that the client disconnected, so that its task ends.
        """
        if self._transport.is_closing():
            return
        self._refused = True
        earlier = self._open_requests - (self._phase == "body")
        if earlier == 0 and not self._answers.begun:
            self._transport.write(_render_refusal(status))
        if self._held is not None:
            self._abandon("slow")
        elif self._uvicorn is not None and self._open_requests:
            self._uvicorn.connection_lost(ConnectionAbortedError())
            self._uvicorn = None
        self._half_close()

    def _abandon(self, reason: str) -> None:
        """Report a request whose body a fast handler was waiting for."""
        held, self._held = self._held, None
        if held is not None and held.handler is not None:
            held.handler.note_abandoned(reason)

    def _half_close(self) -> None:
        """Close our side now and the connection a moment later, dropping what still arrives.

        If a socket with unread data is closed at once, the kernel sends a reset, and the client may lose the
        answer that says why.
        """
        _cancel(self._timer)
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._transport.resume_reading()
        self._timer = self._loop.call_later(self._limits.refusal_seconds, self._transport.close)


def _render_refusal(status: int) -> bytes:
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    return f"{head}content-length: 0\r\nconnection: close\r\n\r\n".encode()


def _cancel(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
