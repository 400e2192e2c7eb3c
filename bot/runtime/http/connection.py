"""One HTTP connection within bounds: uvicorn's protocol limits neither the size of a head nor anybody's time."""

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
    """What one client may take: bytes of a head, bytes of a request as sent; seconds for agreeing on TLS, for a
    head, for a body, for taking an answer, for hearing a refusal, between two requests; and the connections of
    all together.

    A body has more time than the doors give it, so that they answer first.
    """

    head_bytes: int = 64 * 1024
    request_bytes: int = 4 * MEBIBYTE
    handshake_seconds: float = 10
    head_seconds: float = 10
    body_seconds: float = 12
    answer_seconds: float = 10
    refusal_seconds: float = 1
    idle_seconds: int = 30
    connections: int = 500


class Connection(HttpToolsProtocol):
    """Answers 431, 413, 408 or 503 to what goes beyond its bounds; `straight` are those who take what is plain,
    by path."""

    def __init__(self, limits: ConnectionLimits, fast_handlers: Mapping[bytes, FastHandler], **uvicorn_arguments: Any) -> None:
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
        """Take it, or say that there are too many."""
        super().connection_made(transport)
        # Whatever the client does not take is noticed, not only what exceeds a buffer; at 0 TLS would never write.
        transport.set_write_buffer_limits(high=1, low=0)
        if len(self.connections) > self._limits.connections:
            transport.write(_render_refusal(503))
            transport.close()
        else:
            self._start_timer(self._limits.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        _cancel(self._timer)
        _cancel(self._write_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed no more than there is room for, and see what is to be waited for then."""
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
        """Says how far it brought us."""
        before = self._requests
        self._received += len(piece)
        super().data_received(piece)
        if self._exchange is not None and not self._exchange.more_body:
            exchange, self._exchange = self._exchange, None
            if not exchange.disconnected:
                exchange.dispatch()
        if self._requests != before:
            self._received = 0  # of the next one, at most this piece goes uncounted
        return self._phase

    def on_message_begin(self) -> None:
        """A head begins."""
        super().on_message_begin()
        self._phase = "head"

    def on_headers_complete(self) -> None:
        """A body begins."""
        self._phase = "body"
        handler = self._fast_handlers.get(self.url)
        if handler is None or not self._is_plain_post() or not handler.accepts(fields := dict(self.headers[::-1])):
            super().on_headers_complete()
            return
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self._exchange = Exchange(handler, fields, self, keep_alive=keep_alive)
        self.cycle = self._exchange  # type: ignore[assignment]  # all that uvicorn's protocol asks of one

    def _is_plain_post(self) -> bool:
        """Nothing is under way, and nothing else is asked than to take a body."""
        return (
            self._find_open_cycle() is None
            and not self.flow.write_paused
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and self.parser.get_method() == b"POST"
        )

    def on_body(self, body: bytes) -> None:
        """More of a body."""
        under_way: object = self.cycle
        if self._exchange is not None and under_way is self._exchange:
            self._exchange.add(body)
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here."""
        super().on_message_complete()
        self._phase = "idle"
        self._requests += 1

    def pause_writing(self) -> None:
        """The client does not take what it asked for: not for ever."""
        super().pause_writing()
        self._write_timer = self.loop.call_later(self._limits.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken it."""
        _cancel(self._write_timer)
        super().resume_writing()

    def _restart_timer(self) -> None:
        """Anew for each head and each body, however they arrive in pieces."""
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
        """Say why, unless something else is being answered or nothing was asked; and hang up.

        What still comes is dropped for a moment: closed at once, a connection is reset, and the reason lost.
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
        _cancel(self._timer)
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._timer = self.loop.call_later(self._limits.refusal_seconds, self.transport.close)


def make_connection_factory(limits: ConnectionLimits, fast_handlers: Mapping[bytes, FastHandler]) -> Callable[..., asyncio.Protocol]:
    """What uvicorn calls for each connection."""

    def make_connection(**given: Any) -> asyncio.Protocol:
        return Connection(limits, fast_handlers, **given)

    return make_connection


def _render_refusal(status: int) -> bytes:
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    return f"{head}content-length: 0\r\nconnection: close\r\n\r\n".encode()


def _cancel(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
