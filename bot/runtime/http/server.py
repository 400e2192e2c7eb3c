"""Serves HTTP with uvicorn on a socket that the caller binds, until it is stopped."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import signal
import socket
import ssl
from collections.abc import Callable, Generator, Iterator, Mapping
from functools import partial

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import KitestringError
from bot.runtime.http.answer_progress import report_answers
from bot.runtime.http.connection import Connection
from bot.runtime.http.connection_pool import ConnectionLimits, ConnectionPool
from bot.runtime.http.fast_path import FastHandler

# At shutdown, running requests get this long. Slack gives up after 3 seconds, and a webhook takes milliseconds:
# a client that is slower is cut off.
_SHUTDOWN_SECONDS = 4
# Connections close idle clients themselves. Uvicorn sees only some of the requests, and would close busy clients.
_NEVER_SECONDS = 24 * 60 * 60


class _Uvicorn(uvicorn.Server):
    """Answers ASGI requests, and leaves the signals to the caller."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Do nothing: uvicorn would raise captured signals again after serving, and kill the process early."""
        yield


class HttpServer:
    """A server for one bound socket. `listening` is set once it accepts connections; `stop` ends it.

    It accepts connections itself, since uvicorn leaves asyncio's TLS timeouts at their defaults: a minute for the
    handshake and half a minute for the shutdown, during which a silent client holds a connection.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        limits: ConnectionLimits,
        fast_handlers: Mapping[bytes, FastHandler],
        tls: ssl.SSLContext | None,
    ) -> None:
        config.load()
        self._tls = tls
        self._backlog = config.backlog
        self._limits = limits
        self._uvicorn = _Uvicorn(config)
        self._pool = ConnectionPool(limits, fast_handlers, self._make_protocol)
        self._stopping = asyncio.Event()
        self.listening = asyncio.Event()

    def _make_protocol(self, state: dict[str, object]) -> asyncio.Protocol:
        make: Callable[..., asyncio.Protocol] = self._uvicorn.config.http_protocol_class
        return make(config=self._uvicorn.config, server_state=self._uvicorn.server_state, app_state=state)

    def stop(self) -> None:
        """Accept no more connections, answer what has arrived, and return from `serve_on`."""
        self._stopping.set()

    async def serve_on(self, sock: socket.socket) -> None:
        """Serve requests on this socket until `stop` is called."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._uvicorn.serve(sockets=[]))
            listener = await self._listen(sock)
            try:
                self.listening.set()
                await self._stopping.wait()
            finally:
                listener.close()
            await self._pool.finish_exchanges()
            self._uvicorn.should_exit = True
        await self._pool.abort_connections()

    async def _listen(self, sock: socket.socket) -> asyncio.Server:
        return await asyncio.get_running_loop().create_server(
            partial(Connection, self._pool),
            sock=sock,
            ssl=self._tls,
            backlog=self._backlog,
            ssl_handshake_timeout=self._limits.handshake_seconds if self._tls else None,
            ssl_shutdown_timeout=self._limits.answer_seconds if self._tls else None,
        )


def make_server(
    app: ASGIApp,
    proxies: str = "",
    tls: ssl.SSLContext | None = None,
    limits: ConnectionLimits | None = None,
    fast_handlers: Mapping[str, FastHandler] | None = None,
) -> HttpServer:
    """Make a server for `app`; `proxies` are the addresses whose `X-Forwarded-For` is trusted, comma-separated.

    Plain POSTs go to the fast handler of their path, if there is one, instead of `app`.
    """
    config = uvicorn.Config(
        _suppress_cancellation(report_answers(app)),
        http="httptools",
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=proxies,
        proxy_headers=bool(proxies),
        timeout_keep_alive=_NEVER_SECONDS,
        timeout_graceful_shutdown=_SHUTDOWN_SECONDS,
    )
    handlers = {path.encode(): handler for path, handler in (fast_handlers or {}).items()}
    return HttpServer(config, limits or ConnectionLimits(), handlers, tls)


def _suppress_cancellation(app: ASGIApp) -> ASGIApp:
    """Wrap `app` so that a request that is cut off at shutdown logs no traceback."""

    async def run(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await app(scope, receive, send)

    return run


@contextlib.contextmanager
def open_socket(host: str, port: int) -> Iterator[socket.socket]:
    """Bind a socket to the address (port 0 picks a free one). Raise KitestringError if that fails."""
    with _bind(host, port) as sock:
        sock.setblocking(False)
        yield sock


def _bind(host: str, port: int) -> socket.socket:
    try:
        candidates = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        raise KitestringError(
            f"HOST {host} isn't an address.", "Use 127.0.0.1, or 0.0.0.0 for all interfaces."
        ) from None
    # IPv4 first: `localhost` often resolves to ::1 as well, while proxies are configured with 127.0.0.1.
    family, kind, protocol, _, address = min(candidates, key=lambda info: info[0] != socket.AF_INET)
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
    except OSError as error:
        sock.close()
        raise _explain_bind_error(host, port, error.errno) from None
    return sock


def _explain_bind_error(host: str, port: int, code: int | None) -> KitestringError:
    match code:
        case errno.EADDRINUSE:
            return KitestringError(
                f"Port {port} on {host} is in use.", "Stop the program that uses it, or choose another port."
            )
        case errno.EACCES:
            return KitestringError(f"This user may not open port {port}.", "Choose a port above 1023.")
        case _:
            return KitestringError(
                f"HOST {host} isn't an address of this machine.", "Use 127.0.0.1, or 0.0.0.0 for all interfaces."
            )


def format_address(sock: socket.socket, scheme: str = "http") -> str:
    """Return the URL on which the socket listens."""
    host, port = sock.getsockname()[:2]
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


@contextlib.contextmanager
def stop_on_signal(stop: Callable[[], None]) -> Iterator[None]:
    """Call `stop` on SIGTERM or SIGINT; a second signal has its usual effect, to end a shutdown that hangs."""
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def handle(_number: int, _frame: object) -> None:
        restore()
        loop.call_soon_threadsafe(stop)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    finally:
        restore()
