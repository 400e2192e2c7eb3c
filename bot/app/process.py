"""Runs the bot as a process: listens, runs the loops, and finishes started work on a signal."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from socket import socket
from ssl import SSLContext
from typing import NamedTuple

import structlog
from filelock import FileLock, Timeout

from bot.app.bot import Bot, build_bot
from bot.app.platform import find_database_file
from bot.app.startup_phase import answer_while_starting, end_on_signal
from bot.errors import KitestringError
from bot.runtime.clock import Clock, SystemClock
from bot.runtime.http.server import HttpServer, format_address, make_server, open_socket, stop_on_signal
from bot.runtime.http.tls import load_tls_context
from bot.runtime.loop import Loop
from bot.settings import Settings

log = structlog.stdlib.get_logger(__name__)
# Seconds for requests that are being carried out, and for a tick under way. With the time that HTTP requests get,
# the sum stays below the 30 s that orchestrators wait before SIGKILL. The next start recovers interrupted work.
_DRAIN_SECONDS = 15
_LAST_TICK_SECONDS = 5
_LOOPBACK = "127.0.0.1"


class _BoundSockets(NamedTuple):
    """The main socket, with TLS if configured, and the metrics socket if metrics have their own port."""

    main: socket
    metrics: socket | None
    tls: SSLContext | None

    @property
    def address(self) -> str:
        """Return the URL of the main port."""
        return format_address(self.main, "https" if self.tls else "http")


async def serve(settings: Settings, *, migrate: bool = True, ready: Callable[[str], None] | None = None) -> None:
    """Run until a signal. `ready` is called with the address once requests are accepted.

    While Slack doesn't answer, the start takes longer: only health checks are answered.
    Raise KitestringError with one sentence if it can't start.
    """
    clock = SystemClock()
    with ExitStack() as resources:
        resources.enter_context(_hold_database_lock(settings))
        sockets = _bind_sockets(settings, resources)
        async with AsyncExitStack() as stack:
            bot: Bot | None = None
            async with answer_while_starting(sockets.main, sockets.tls), end_on_signal():
                bot = await stack.enter_async_context(build_bot(settings, clock, migrate=migrate))
            if bot is None:
                return
            await stack.enter_async_context(_run_bot(bot))
            await stack.enter_async_context(_run_socket_mode(settings, bot, clock))
            await _listen(settings, bot, sockets, ready)


def _bind_sockets(settings: Settings, stack: ExitStack) -> _BoundSockets:
    tls = None
    if settings.tls_certfile and settings.tls_keyfile:
        tls = load_tls_context(settings.tls_certfile, settings.tls_keyfile)
    main = stack.enter_context(open_socket(settings.host, settings.port))
    if settings.metrics_port is None:
        return _BoundSockets(main, None, tls)
    return _BoundSockets(main, stack.enter_context(open_socket(_LOOPBACK, settings.metrics_port)), tls)


async def _listen(
    settings: Settings, bot: Bot, sockets: _BoundSockets, ready: Callable[[str], None] | None
) -> None:
    web_app = bot.endpoints.web
    web = make_server(
        web_app, settings.forwarded_allow_ips or "", sockets.tls, fast_handlers=web_app.fast_handlers
    )
    served: list[tuple[HttpServer, socket]] = [(web, sockets.main)]
    if sockets.metrics is not None:
        served.append((make_server(bot.endpoints.metrics_app), sockets.metrics))

    def stop() -> None:
        log.info("stopping")
        for server, _ in served:
            server.stop()

    with stop_on_signal(stop):
        async with asyncio.TaskGroup() as group:
            for server, sock in served:
                group.create_task(server.serve_on(sock))
                await server.listening.wait()
            log.info("listening", address=sockets.address)
            if ready:
                ready(sockets.address)


@asynccontextmanager
async def _run_bot(bot: Bot) -> AsyncIterator[None]:
    """Run the loops, from recovering what a crash left over to finishing the last task under way."""
    await bot.workspace.maintenance.recovery.begin()
    async with _run_loops(bot.loops):
        try:
            yield
        finally:
            await _drain(bot)
    with contextlib.suppress(KitestringError):
        await bot.platform.leadership.release()


@asynccontextmanager
async def _run_loops(loops: tuple[Loop, ...]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in loops]
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        await asyncio.wait(tasks, timeout=_LAST_TICK_SECONDS)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _drain(bot: Bot) -> None:
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            await bot.drain()
    except TimeoutError:
        log.warning("stopped with work under way; the next start recovers it")


@asynccontextmanager
async def _run_socket_mode(settings: Settings, bot: Bot, clock: Clock) -> AsyncIterator[None]:
    """Run Socket Mode if the settings choose it."""
    if settings.slack_app_token is None:
        yield
        return
    from bot.slack.socket_mode import open_connection

    token = settings.slack_app_token.get_secret_value()
    bolt, client = bot.workspace.interaction.bolt, bot.workspace.deps.slack.web
    async with (
        open_connection(bolt, token, client, bot.endpoints.slack_connection, clock) as watch,
        _run_loops((watch,)),
    ):
        yield


@contextlib.contextmanager
def _hold_database_lock(settings: Settings) -> Iterator[None]:
    """Hold the lock file beside a SQLite database; two processes would each take the other's work for a crash."""
    if settings.postgresql:
        yield
        return
    file = find_database_file(settings)
    lock = FileLock(f"{file}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise KitestringError(
            "Another kitestring process uses this database.",
            "Stop it first, or use PostgreSQL to run several processes.",
        ) from None
    except (OSError, NotImplementedError):
        raise KitestringError(
            f"Can't write to the folder of the database {file}.",
            "Check DATABASE_URL and the folder's permissions.",
        ) from None
    with lock:
        yield
