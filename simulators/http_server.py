"""Serves an ASGI application over real HTTP on a loopback port within the running event loop."""

import asyncio
import contextlib
import socket
from collections.abc import Generator
from types import TracebackType

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send


class _Server(uvicorn.Server):
    """A uvicorn server without signal handlers that stops at once, even with open connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.startup_done = asyncio.Event()
        self.stopping = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.startup_done.set()

    async def main_loop(self) -> None:
        await self.on_tick(0)
        await self.stopping.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        await self._close_connections()
        await self._cancel_requests()
        for server in self.servers:
            await server.wait_closed()
        for sock in sockets or []:
            sock.close()
        await self.lifespan.shutdown()

    async def _close_connections(self) -> None:
        open_connections = list(self.server_state.connections)
        for connection in open_connections:
            connection.shutdown()
        await asyncio.sleep(0)  # lets close frames leave before the sockets close
        for connection in open_connections:
            transport = getattr(connection, "transport", None)
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)  # lets each connection notice, so that its request ends without a traceback

    async def _cancel_requests(self) -> None:
        pending = list(self.server_state.tasks)
        for task in pending:
            task.cancel()
        await asyncio.gather(*pending, return_exceptions=True)


def _silence_cancellation(app: ASGIApp) -> ASGIApp:
    """Return `app` without uvicorn's traceback for requests cancelled at shutdown."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return run


def _bind(host: str, port: int) -> socket.socket:
    """Return a socket bound to `host:port`. Raise OSError if the port is taken."""
    # asyncio turns off Nagle only for sockets with an explicit protocol; it would cost 40 ms an answer.
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


class Serving:
    """`async with Serving(app) as base_url:` serves until the block ends.

    `port=0` picks a free port. Leaving the block closes event streams and websockets at once.
    Raise OSError if the address can't be bound, RuntimeError if the application doesn't start.
    """

    def __init__(self, app: ASGIApp, host: str = "127.0.0.1", port: int = 0) -> None:
        self._app = _silence_cancellation(app)
        self._address = (host, port)

    async def __aenter__(self) -> str:
        sock = _bind(*self._address)
        config = uvicorn.Config(self._app, log_level="warning", ws="wsproto", date_header=False, access_log=False)
        self._server = _Server(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[sock]))
        await self._wait_until_started()
        host, port = sock.getsockname()[:2]
        return f"http://{host}:{port}"

    async def _wait_until_started(self) -> None:
        up = asyncio.create_task(self._server.startup_done.wait())
        await asyncio.wait({up, self._task}, return_when=asyncio.FIRST_COMPLETED)
        up.cancel()
        if self._task.done():
            raise RuntimeError("The application did not start.") from self._task.exception()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stopping.set()
        await self._task
