"""The bot's receiver behind other HTTP servers, each run alone.

`python -m bench.support.server_candidates NAME PORT STORE` runs it. Each is configured with the limits that it
knows. Those that aren't among the bot's libraries are imported by name, so that neither the bot nor its checks
need them.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Literal

import uvicorn
import uvloop
from starlette.types import ASGIApp

from bench.support.signed_webhooks import SECRET
from bot.app.prometheus import BotMetrics
from bot.builds.ingest.spool import DeliverySpool
from bot.runtime import startup
from bot.runtime.clock import SystemClock
from bot.runtime.http.connection_pool import ConnectionLimits
from bot.runtime.http.routes import Router, make_health_app
from bot.runtime.http.server import make_server, open_socket
from bot.store.migrate import upgrade
from bot.store.transactions import Store
from webhooks.receiver import Receiver

_HOST = "127.0.0.1"
_LIMITS = ConnectionLimits()


async def build_app(store: str) -> Router:
    """Build the receiver behind the bot's routes; it stores in the database at `store`."""
    await upgrade(store)
    keep = DeliverySpool(Store(store), lambda: None, SystemClock()).keep
    receiver = Receiver(SECRET, "signature", keep, SystemClock(), BotMetrics())
    startup.tune_collector("")
    return Router(None, receiver, make_health_app(_report_healthy, None), _ignore_ack)


async def adapter(app: ASGIApp, port: int) -> None:
    """Run the bot's own server, every request through ASGI."""
    with open_socket(_HOST, port) as sock:
        await make_server(app).serve_on(sock)


async def httptools(app: ASGIApp, port: int) -> None:
    """Run uvicorn with httptools."""
    await _run_uvicorn(app, port, "httptools")


async def h11(app: ASGIApp, port: int) -> None:
    """Run uvicorn with h11."""
    await _run_uvicorn(app, port, "h11")


async def hypercorn(app: ASGIApp, port: int) -> None:
    """Run Hypercorn."""
    config = import_module("hypercorn.config").Config()
    config.bind = [f"{_HOST}:{port}"]
    config.h11_max_incomplete_size = _LIMITS.head_bytes
    config.keep_alive_timeout = _LIMITS.idle_seconds
    config.keep_alive_max_requests = sys.maxsize
    config.read_timeout = int(_LIMITS.head_seconds)
    config.ssl_handshake_timeout = _LIMITS.handshake_seconds
    config.errorlog = None
    await import_module("hypercorn.asyncio").serve(app, config, mode="asgi")


async def granian(app: ASGIApp, port: int) -> None:
    """Run Granian's embedded server."""
    http1 = import_module("granian.http").HTTP1Settings(
        header_read_timeout=int(_LIMITS.head_seconds * 1000), max_buffer_size=_LIMITS.head_bytes
    )
    server = import_module("granian.server.embed").Server(
        app,
        address=_HOST,
        port=port,
        interface="asgi",
        http="1",
        http1_settings=http1,
        backpressure=_LIMITS.connections,
        websockets=False,
        log_enabled=False,
    )
    await server.serve()


async def _run_uvicorn(app: ASGIApp, port: int, http: Literal["h11", "httptools"]) -> None:
    config = uvicorn.Config(
        app,
        port=port,
        http=http,
        h11_max_incomplete_event_size=_LIMITS.head_bytes,
        limit_concurrency=_LIMITS.connections,
        timeout_keep_alive=int(_LIMITS.idle_seconds),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
    )
    await uvicorn.Server(config).serve()


async def _report_healthy() -> None:
    return None


def _ignore_ack(_seconds: float) -> None:
    return None


CANDIDATES: dict[str, Callable[[ASGIApp, int], Awaitable[None]]] = {
    item.__name__: item for item in (adapter, httptools, h11, hypercorn, granian)
}


def main(name: str, port: str, store: str) -> None:
    """Serve until killed."""

    async def run() -> None:
        await CANDIDATES[name](await build_app(store), int(port))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
