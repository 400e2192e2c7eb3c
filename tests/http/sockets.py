"""The bot's own listener on a free port, and clients that write bytes to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from ssl import SSLContext

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.runtime.http.connection import ConnectionLimits
from bot.runtime.http.fast_path import FastHandler
from bot.runtime.http.server import open_socket, make_server

END = 10


async def length(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with how many bytes the body had, where it comes to its end."""
    with suppress(ClientDisconnect):
        body = await Request(scope, receive).body()
        await PlainTextResponse(f"{len(body)} bytes")(scope, receive, send)


@asynccontextmanager
async def listening(
    app: ASGIApp = length,
    bounds: ConnectionLimits | None = None,
    tls: SSLContext | None = None,
    straight: Mapping[str, FastHandler] | None = None,
) -> AsyncIterator[int]:
    """The port on which `app` is served as `kitestring serve` would."""
    with open_socket("127.0.0.1", 0) as sock:
        server = make_server(app, tls=tls, limits=bounds, fast_handlers=straight)
        task = asyncio.create_task(server.serve_on(sock))
        await server.listening.wait()
        try:
            yield sock.getsockname()[1]
        finally:
            server.should_exit = True
            await task


class Caller:
    """A client that says what it likes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def says(self, *pieces: bytes) -> Caller:
        """Write; a connection that is closed already takes nothing."""
        for piece in pieces:
            self._writer.write(piece)
        return self

    async def hears(self) -> bytes:
        """Everything until the other side closes, which it does in bounded time."""
        async with asyncio.timeout(END):
            try:
                return await self._reader.read()
            except ConnectionError:
                return b""

    async def head(self) -> bytes:
        """The head of the next answer."""
        async with asyncio.timeout(END):
            return await self._reader.readuntil(b"\r\n\r\n")

    async def answer(self) -> bytes:
        """One answer with a length, on a connection that stays open."""
        head = await self.head()
        async with asyncio.timeout(END):
            size = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            return head + await self._reader.readexactly(int(size.partition(b":")[2]))

    def hangs_up(self) -> None:
        """Leave."""
        self._writer.close()


@asynccontextmanager
async def calling(port: int) -> AsyncIterator[Caller]:
    """A connection; closed at the end."""
    caller = Caller(*await asyncio.open_connection("127.0.0.1", port))
    try:
        yield caller
    finally:
        caller.hangs_up()


def post(body: bytes, *more: str) -> bytes:
    """A plain request."""
    head = "\r\n".join(["POST / HTTP/1.1", "Host: k", f"Content-Length: {len(body)}", *more])
    return f"{head}\r\n\r\n".encode() + body
