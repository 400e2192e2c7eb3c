"""Handles plain POSTs on a fast path: the connection collects the request, then a function is called with it.

Almost everything the bot receives is webhooks, and for these the ASGI task, its messages and the router cost more
than the work itself. Anything out of the ordinary goes to the ASGI app, which answers the same, only slower.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Protocol, runtime_checkable

from bot.runtime.http.framing import Framing, HeaderFields

# Completes an answer with the header fields that every answer has.
RenderAnswer = Callable[[bytes], bytes]


@runtime_checkable
class FastHandler(Protocol):
    """Answers requests of the fast path, at once or later."""

    def accepts(self, fields: HeaderFields) -> bool:
        """Return whether to take a POST with these header fields; otherwise the ASGI app gets it."""

    def handle(self, exchange: Exchange) -> None:
        """Answer a request whose body is complete, now or later, by calling `exchange.answer`."""

    def note_abandoned(self, reason: str) -> None:
        """Note a request whose body never became complete: the client is `gone` or was too `slow`."""


class HeldRequest:
    """The bytes so far of a request that a fast handler may take; `handler` is set once it does.

    The bytes are held back from uvicorn, so that it can still have them if no handler wants them.
    """

    def __init__(self, handlers: Mapping[bytes, FastHandler], framing: Framing) -> None:
        self.handler: FastHandler | None = None
        self._handlers = handlers
        self._framing = framing
        self._heads = framing.heads
        self._pieces: list[bytes] = []

    @property
    def content(self) -> bytes:
        """All that has arrived."""
        return self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)

    def add(self, piece: bytes) -> bool:
        """Add a piece that `framing` has followed; return whether a fast handler may still take the request."""
        self._pieces.append(piece)
        begun = self._framing.heads - self._heads
        if self._framing.broken or begun > 1:
            return False
        if begun and self.handler is None:
            self.handler = self._find_handler()
            return self.handler is not None
        return True

    def _find_handler(self) -> FastHandler | None:
        handler = self._handlers.get(self._framing.path) if self._framing.is_plain_post() else None
        return handler if handler is not None and handler.accepts(self._framing.fields) else None

    def split_body(self) -> bytes | None:
        """Return the body of the complete request; None if more than the request is held."""
        content = self.content
        begin = content.find(b"\r\n\r\n") + 4
        return content[begin:] if len(content) - begin == int(self._framing.fields[b"content-length"]) else None


class Exchange:
    """One complete request; `answer` or `fail` answers it."""

    def __init__(self, fields: HeaderFields, body: bytes, send: Callable[[RenderAnswer, bool], None]) -> None:
        self.fields = fields
        self.body = body
        self._send = send

    def answer(self, render: RenderAnswer) -> None:
        """Send this answer; nothing if the client is gone."""
        self._send(render, False)

    def fail(self, error: BaseException) -> None:
        """Log an unexpected error through the event loop's handler, answer 500 and close the connection."""
        loop = asyncio.get_running_loop()
        loop.call_exception_handler({"message": "A request failed.", "exception": error})
        self._send(render_json(500, b"{}", {}), True)


def render_json(status: int, body: bytes, fields: Mapping[str, str]) -> RenderAnswer:
    """Return a function that completes an answer of JSON with the header fields that every answer has.

    Everything else is rendered once here, so that a constant answer costs one concatenation.
    """
    own_fields = {"content-type": "application/json", "content-length": str(len(body)), **fields}
    begin = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
    end = "".join(f"{name}: {value}\r\n" for name, value in own_fields.items()).encode() + b"\r\n" + body
    return lambda common: begin + common + end
