"""Runs the bot as a process: listens, ticks, and on a signal ends what it began."""

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

from bot.app.build import Bot, build_bot
from bot.app.dependencies import database_file
from bot.errors import KitestringError
from bot.runtime.clock import Clock, SystemClock
from bot.runtime.http.server import Listener, address, bound, listener, until_signalled
from bot.runtime.http.tls import context
from bot.runtime.loop import Loop
from bot.settings import Settings

log = structlog.stdlib.get_logger(__name__)
# Seconds for what people asked for, and for a tick that is under way: together with the time that requests get
# they stay below the half minute that orchestrators wait. What is cut off is found again at the next start.
_DRAIN = 15
_LAST_TICK = 5
_LOOPBACK = "127.0.0.1"


class _Doors(NamedTuple):
    """The bound sockets: for everything, over TLS where told, and for metrics where they have a port of theirs."""

    main: socket
    metrics: socket | None
    tls: SSLContext | None

    @property
    def address(self) -> str:
        """Where people and vendors come in."""
        return address(self.main, "https" if self.tls else "http")


async def serve(settings: Settings, *, migrate: bool = True, ready: Callable[[str], None] | None = None) -> None:
    """Run until a signal ends it. `ready` is called with the address once requests are taken.

    Raises KitestringError with one sentence when it cannot be started.
    """
    clock = SystemClock()
    with ExitStack() as held:
        held.enter_context(_alone(settings))
        doors = _doors(settings, held)
        async with AsyncExitStack() as stack:
            bot = await stack.enter_async_context(build_bot(settings, clock, migrate=migrate))
            await stack.enter_async_context(_working(bot))
            await stack.enter_async_context(_socket(settings, bot, clock))
            await _listen(settings, bot, doors, ready)


def _doors(settings: Settings, held: ExitStack) -> _Doors:
    tls = None
    if settings.tls_certfile and settings.tls_keyfile:
        tls = context(settings.tls_certfile, settings.tls_keyfile)
    main = held.enter_context(bound(settings.host, settings.port))
    if settings.metrics_port is None:
        return _Doors(main, None, tls)
    return _Doors(main, held.enter_context(bound(_LOOPBACK, settings.metrics_port)), tls)


async def _listen(settings: Settings, bot: Bot, doors: _Doors, ready: Callable[[str], None] | None) -> None:
    web = listener(bot.web, settings.forwarded_allow_ips or "", doors.tls, straight=bot.web.straight)
    served: list[tuple[Listener, socket]] = [(web, doors.main)]
    if doors.metrics is not None:
        served.append((listener(bot.figures), doors.metrics))

    def stop() -> None:
        log.info("stopping")
        for server, _ in served:
            server.should_exit = True

    with until_signalled(stop):
        async with asyncio.TaskGroup() as group:
            for server, sock in served:
                group.create_task(server.serve_on(sock))
                await server.up.wait()
            log.info("listening", address=doors.address)
            if ready:
                ready(doors.address)


@asynccontextmanager
async def _working(bot: Bot) -> AsyncIterator[None]:
    """The loops, from what a crash left over to the last task under way."""
    await bot.recovery.begin()
    async with _looping(bot.loops):
        try:
            yield
        finally:
            await _drained(bot)
    with contextlib.suppress(KitestringError):
        await bot.lease.release()


@asynccontextmanager
async def _looping(loops: tuple[Loop, ...]) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in loops]
    try:
        yield
    finally:
        for loop in loops:
            loop.stop()
        await asyncio.wait(tasks, timeout=_LAST_TICK)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _drained(bot: Bot) -> None:
    try:
        async with asyncio.timeout(_DRAIN):
            await bot.runner.drain()
    except TimeoutError:
        log.warning("stopped with work under way; it is found again at the next start")


@asynccontextmanager
async def _socket(settings: Settings, bot: Bot, clock: Clock) -> AsyncIterator[None]:
    """Socket Mode, where settings choose it."""
    if settings.slack_app_token is None:
        yield
        return
    from bot.slack.socket_mode import opened

    token = settings.slack_app_token.get_secret_value()
    async with opened(bot.bolt, token, bot.client, bot.link, clock) as watch, _looping((watch,)):
        yield


@contextlib.contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Holds the lock file beside a SQLite database: two processes would each take the other's work for a crash."""
    if settings.postgresql:
        yield
        return
    file = database_file(settings)
    lock = FileLock(f"{file}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise KitestringError(
            "Another kitestring process uses this database.", "Stop it first; several processes need PostgreSQL."
        ) from None
    except (OSError, NotImplementedError):
        raise KitestringError(
            f"Nothing can be written beside the database {file}.", "Check DATABASE_URL and the folder's rights."
        ) from None
    with lock:
        yield
