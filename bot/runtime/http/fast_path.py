"""Requests on a straight way: collected whole and answered by a callable, without a task of their own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol, runtime_checkable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HeaderFields = Mapping[bytes, bytes]


@runtime_checkable
class FastHandler(Protocol):
    """Answers requests on the straight way, now or later; what is not plain goes to the ASGI app."""

    def accepts(self, fields: HeaderFields) -> bool:
        """Whether it takes a POST with these header fields (names in lower case, the first of several)."""

    def handle(self, asked: Exchange) -> None:
        """The request is here: answer it."""

    def note_abandoned(self, reason: str) -> None:
        """A body did not come to its end: the client is `gone` or was too `slow`."""


class Exchange:
    """One request and its answer, in the place of uvicorn's cycle, whose words the protocol speaks to it."""

    def __init__(self, handler: FastHandler, fields: HeaderFields, connection: HttpToolsProtocol, *, keep_alive: bool) -> None:
        self.fields = fields
        self.keep_alive = keep_alive
        self.more_body = True
        self.response_started = False
        self.response_complete = False
        self.disconnected = False
        self._handler = handler
        self._connection = connection
        self._pieces: list[bytes] = []

    @property
    def body(self) -> bytes:
        """What has come of it."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    @property
    def message_event(self) -> Exchange:
        """The protocol sets this whenever something has changed."""
        return self

    def set(self) -> None:
        """Where the connection is lost, or given up, amid a body, nobody is there to be answered."""
        if self.disconnected and self.more_body:
            self.more_body = False
            self._handler.note_abandoned("gone" if self._connection.transport.is_closing() else "slow")

    def add(self, piece: bytes) -> None:
        """More of the body."""
        self._pieces.append(piece)

    def dispatch(self) -> None:
        """The body is whole."""
        self._handler.handle(self)

    def answer(self, render: Callable[[bytes], bytes]) -> None:
        """Send what `said` makes of the fields that every answer has; nothing when the client is gone."""
        transport = self._connection.transport
        if self.disconnected or transport.is_closing():
            return
        self.response_started = self.response_complete = True
        common = b"".join(b"%b: %b\r\n" % field for field in self._connection.server_state.default_headers)
        transport.write(render(common if self.keep_alive else common + b"connection: close\r\n"))
        if not self.keep_alive:
            transport.close()
        self._connection.on_response_complete()

    def fail(self, error: BaseException) -> None:
        """A mistake of ours is told to whoever runs the bot; the client hears that it was one, or nothing."""
        self._connection.loop.call_exception_handler({"message": "A request failed.", "exception": error})
        self.keep_alive = False
        self.answer(render_json(500, b"{}", {}))


def render_json(status: int, body: bytes, fields: Mapping[str, str]) -> Callable[[bytes], bytes]:
    """An answer of JSON, ready but for the fields that every answer has."""
    kind = {"content-type": "application/json", "content-length": str(len(body)), **fields}
    begin = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    end = "".join(f"{name}: {value}\r\n" for name, value in kind.items()).encode() + b"\r\n" + body
    return lambda common: begin + common + end
