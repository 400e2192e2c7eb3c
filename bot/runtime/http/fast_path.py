"""Handles plain POSTs on a fast path: the body is buffered in the protocol, then a function is called with it.

Almost everything the bot receives is webhooks, and for these the ASGI task, its messages and the router cost more
than the work itself. Anything out of the ordinary goes to the ASGI app, which answers the same, only slower.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol, runtime_checkable

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HeaderFields = Mapping[bytes, bytes]


@runtime_checkable
class FastHandler(Protocol):
    """Answers requests of the fast path, at once or later."""

    def accepts(self, fields: HeaderFields) -> bool:
        """Return whether to take a POST with these header fields; otherwise the ASGI app gets it.

        Names are in lower case; of a repeated field the first value is given.
        """

    def handle(self, exchange: Exchange) -> None:
        """Answer a request whose body is complete, now or later, by calling `exchange.answer`."""

    def note_abandoned(self, reason: str) -> None:
        """Note a request whose body never became complete: the client is `gone` or was too `slow`."""


class Exchange:
    """One request and its answer.

    It takes the place of uvicorn's RequestResponseCycle, and has the members of it that uvicorn's protocol uses:
    `more_body`, `response_started`, `response_complete`, `disconnected`, and `message_event` with its `set`.
    """

    def __init__(
        self, handler: FastHandler, fields: HeaderFields, connection: HttpToolsProtocol, *, keep_alive: bool
    ) -> None:
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
        """The part of the body that has arrived; all of it once the handler is called."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    @property
    def message_event(self) -> Exchange:
        """The exchange itself, since the protocol calls `message_event.set()` when something has changed."""
        return self

    def set(self) -> None:
        """Report to the handler, once, that the connection was lost or given up before the body was complete."""
        if self.disconnected and self.more_body:
            self.more_body = False
            self._handler.note_abandoned("gone" if self._connection.transport.is_closing() else "slow")

    def add(self, piece: bytes) -> None:
        """Add a piece of the body."""
        self._pieces.append(piece)

    def dispatch(self) -> None:
        """Call the handler: the body is complete."""
        self._handler.handle(self)

    def answer(self, render: Callable[[bytes], bytes]) -> None:
        """Send the answer that `render` makes from the common header fields; nothing if the client is gone."""
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
        """Log an unexpected error through the event loop's handler and answer 500."""
        self._connection.loop.call_exception_handler({"message": "A request failed.", "exception": error})
        self.keep_alive = False
        self.answer(render_json(500, b"{}", {}))


def render_json(status: int, body: bytes, fields: Mapping[str, str]) -> Callable[[bytes], bytes]:
    """Return a function that completes an answer of JSON with the header fields that every answer has.

    Everything else is rendered once here, so that a constant answer costs one concatenation.
    """
    own_fields = {"content-type": "application/json", "content-length": str(len(body)), **fields}
    begin = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    end = "".join(f"{name}: {value}\r\n" for name, value in own_fields.items()).encode() + b"\r\n" + body
    return lambda common: begin + common + end
