"""Runs the bot as a process: listens, ticks, and on a signal ends what it began."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog
import uvicorn
from filelock import FileLock, Timeout

from bot.app import Bot, built, database_file
from bot.clock import SystemClock
from bot.errors import KitestringError
from bot.settings import Settings

log = structlog.stdlib.get_logger(__name__)
# Longer than any single call to Slack or Buildkite may take.
_DRAIN = 20


async def serve(settings: Settings, *, migrate: bool = True, ready: Callable[[str], None] | None = None) -> None:
    """Run until a signal ends it. `ready` is called with the address once requests are taken.

    Raises KitestringError with one sentence when it cannot be started.
    """
    with _alone(settings):
        async with built(settings, SystemClock(), migrate=migrate) as bot, _working(bot), _socket(settings, bot):
            await _listen(settings, bot, ready)


async def _listen(settings: Settings, bot: Bot, ready: Callable[[str], None] | None) -> None:
    config = uvicorn.Config(
        bot.web,
        host=settings.host,
        port=settings.port,
        lifespan="off",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        forwarded_allow_ips=settings.forwarded_allow_ips or "",
        proxy_headers=bool(settings.forwarded_allow_ips),
        timeout_keep_alive=30,
        timeout_graceful_shutdown=_DRAIN,
    )
    server = _Server(config, ready)
    await server.serve()


class _Server(uvicorn.Server):
    """Says where it listens, once it does."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None] | None) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if not self.servers:
            return
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        address = f"http://{host}:{port}"
        log.info("listening", address=address)
        if self._ready:
            self._ready(address)


@asynccontextmanager
async def _working(bot: Bot) -> AsyncIterator[None]:
    """The loops, from what a crash left over to the last task under way."""
    await bot.recovery.begin()
    tasks = [asyncio.create_task(loop.run(), name=loop.name) for loop in bot.loops]
    try:
        yield
    finally:
        await _drained(bot)
        for loop in bot.loops:
            loop.stop()
        await asyncio.wait(tasks, timeout=_DRAIN)
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
async def _socket(settings: Settings, bot: Bot) -> AsyncIterator[None]:
    """Socket Mode, where settings choose it."""
    if settings.slack_app_token is None:
        yield
        return
    from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler

    token = settings.slack_app_token.get_secret_value()
    handler = AsyncSocketModeHandler(bot.bolt, token, web_client=bot.client)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]


class _alone:  # noqa: N801  (read as a word in `with _alone(settings):`)
    """Holds the lock file beside a SQLite database: two processes would each take the other's work for a crash."""

    def __init__(self, settings: Settings) -> None:
        self._lock = None if settings.postgresql else FileLock(f"{database_file(settings)}.lock")

    def __enter__(self) -> None:
        try:
            if self._lock:
                self._lock.acquire(timeout=0)
        except Timeout:
            raise KitestringError(
                "Another kitestring process uses this database.",
                "Stop it first; several processes need PostgreSQL.",
            ) from None

    def __exit__(self, *_: object) -> None:
        if self._lock:
            self._lock.release()
