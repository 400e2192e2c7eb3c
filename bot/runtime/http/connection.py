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
from bot.runtime.http.fast_path import Exchange, Taker

Phase = Literal["idle", "head", "body", "refused"]


@dataclass(frozen=True)
class Bounds:
    """What one client may take: bytes of a head, bytes of a request as sent; seconds for agreeing on TLS, for a
    head, for a body, for taking an answer, for hearing a refusal, between two requests; and the connections of
    all together.

    A body has more time than the doors give it, so that they answer first.
    """

    head: int = 64 * 1024
    request: int = 4 * MEBIBYTE
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

    def __init__(self, bounds: Bounds, straight: Mapping[bytes, Taker], **given: Any) -> None:
        super().__init__(**given)
        self._bounds = bounds
        self._straight = straight
        self._exchange: Exchange | None = None
        self._phase: Phase = "idle"
        self._requests = 0
        self._received = 0
        self._waiting: TimerHandle | None = None
        self._waiting_for: tuple[int, Phase] | None = None
        self._stalled: TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take it, or say that there are too many."""
        super().connection_made(transport)
        # Whatever the client does not take is noticed, not only what exceeds a buffer; at 0 TLS would never write.
        transport.set_write_buffer_limits(high=1, low=0)
        if len(self.connections) > self._bounds.connections:
            transport.write(_said(503))
            transport.close()
        else:
            self._wait(self._bounds.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        _cancel(self._waiting)
        _cancel(self._stalled)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed no more than there is room for, and see what is to be waited for then."""
        while data and self._phase != "refused" and not self.transport.is_closing():
            if self._phase == "idle":
                self._phase, self._received = "head", 0
            room = self._most - self._received
            phase = self._feed(data[:room])
            data = data[room:]
            if phase != "idle" and self._received >= self._most:
                self._refuse(413 if phase == "body" else 431)
        self._wait_on()

    @property
    def _most(self) -> int:
        return self._bounds.request if self._phase == "body" else self._bounds.head

    def _feed(self, piece: bytes) -> Phase:
        """Says how far it brought us."""
        before = self._requests
        self._received += len(piece)
        super().data_received(piece)
        if self._exchange is not None and not self._exchange.more_body:
            exchange, self._exchange = self._exchange, None
            if not exchange.disconnected:
                exchange.take()
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
        taker = self._straight.get(self.url)
        if taker is None or not self._plain() or not taker.plain(fields := dict(self.headers[::-1])):
            super().on_headers_complete()
            return
        keep_alive = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        self._exchange = Exchange(taker, fields, self, keep_alive=keep_alive)
        self.cycle = self._exchange  # type: ignore[assignment]  # all that uvicorn's protocol asks of one

    def _plain(self) -> bool:
        """Nothing is under way, and nothing else is asked than to take a body."""
        return (
            self._under_way() is None
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
        self._stalled = self.loop.call_later(self._bounds.answer_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has taken it."""
        _cancel(self._stalled)
        super().resume_writing()

    def _wait_on(self) -> None:
        """Anew for each head and each body, however they arrive in pieces."""
        waiting_for = (self._requests, self._phase) if self._phase in {"head", "body"} else None
        if self._phase == "refused" or waiting_for == self._waiting_for is not None:
            return
        self._waiting_for = waiting_for
        _cancel(self._waiting)
        if waiting_for:
            self._wait(self._bounds.body_seconds if self._phase == "body" else self._bounds.head_seconds)

    def _wait(self, seconds: float) -> None:
        self._waiting = self.loop.call_later(seconds, self._refuse, 408)

    def _refuse(self, status: int) -> None:
        """Say why, unless something else is being answered or nothing was asked; and hang up.

        What still comes is dropped for a moment: closed at once, a connection is reset, and the reason lost.
        """
        if self.transport.is_closing():
            return
        asked, self._phase, under_way = self._phase, "refused", self._under_way()
        free = not under_way or (asked == "body" and not under_way.response_started)
        if free and asked != "idle":
            self.transport.write(_said(status))
        if under_way:
            under_way.disconnected = True
            under_way.message_event.set()
        self._leave()

    def _under_way(self) -> RequestResponseCycle | None:
        return self.cycle if self.cycle and not self.cycle.response_complete else None

    def _leave(self) -> None:
        _cancel(self._waiting)
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.flow.resume_reading()
        self._waiting = self.loop.call_later(self._bounds.refusal_seconds, self.transport.close)


def bounded(bounds: Bounds, straight: Mapping[bytes, Taker]) -> Callable[..., asyncio.Protocol]:
    """What uvicorn calls for each connection."""

    def connection(**given: Any) -> asyncio.Protocol:
        return Connection(bounds, straight, **given)

    return connection


def _said(status: int) -> bytes:
    head = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n"
    return f"{head}content-length: 0\r\nconnection: close\r\n\r\n".encode()


def _cancel(timer: TimerHandle | None) -> None:
    if timer is not None:
        timer.cancel()
