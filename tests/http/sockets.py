"""Runs the bot's HTTP server on a free port, with clients that write raw bytes to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.runtime.http.connection_pool import ConnectionLimits
from bot.runtime.http.fast_path import FastHandler
from bot.runtime.http.server import make_server, open_socket

TIMEOUT_SECONDS = 300  # ends only what hangs


async def report_length(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body, if it arrives in full."""
    with suppress(ClientDisconnect):
        body = await Request(scope, receive).body()
        await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


@asynccontextmanager
async def run_server(
    app: ASGIApp = report_length,
    limits: ConnectionLimits | None = None,
    tls: SSLContext | None = None,
    fast_handlers: Mapping[str, FastHandler] | None = None,
) -> AsyncIterator[int]:
    """Serve `app` as `kitestring serve` would, and yield the port."""
    with open_socket("127.0.0.1", 0) as sock:
        server = make_server(app, tls=tls, limits=limits, fast_handlers=fast_handlers)
        task = asyncio.create_task(server.serve_on(sock))
        await server.listening.wait()
        try:
            yield sock.getsockname()[1]
        finally:
            server.stop()
            await task


class RawClient:
    """A client that sends arbitrary bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, *pieces: bytes) -> RawClient:
        """Write; a connection that is already closed ignores it."""
        for piece in pieces:
            self._writer.write(piece)
        return self

    async def read_to_end(self) -> bytes:
        """Read until the server closes the connection, which must happen in bounded time."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            try:
                return await self._reader.read()
            except ConnectionError:
                return b""

    async def read_head(self) -> bytes:
        """Read the head of the next answer."""
        async with asyncio.timeout(TIMEOUT_SECONDS):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def read_answer(self) -> bytes:
        """Read one answer with a length; the connection stays open."""
        head = await self.read_head()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            return head + await self._reader.readexactly(int(size.partition(b":")[2]))

    def close(self) -> None:
        """Close the connection."""
        self._writer.close()


@asynccontextmanager
async def connect(port: int) -> AsyncIterator[RawClient]:
    """Open a connection, and close it at the end."""
    caller = RawClient(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield caller
    finally:
        caller.close()


def render_post(body: bytes, *more: str) -> bytes:
    """Render a plain POST."""
    head = "\r\n".join(["POST / HTTP/1.1", "Host: k", f"Content-Length: {len(body)}", *more])
    return f"{head}\r\n\r\n".encode() + body
