"""Covers the time between binding the ports and answering requests, in which Slack may let the bot wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import socket
from ssl import SSLContext

import structlog
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from bot.runtime.http.routes import Router, make_health_app
from bot.runtime.http.server import HttpServer, make_server, stop_on_signal

log = structlog.stdlib.get_logger(__name__)
# Seconds. A start rarely takes as long; below it, health checks wait in the socket's backlog.
_QUICK_START = 1.0
_RETRY_SECONDS = "5"


@asynccontextmanager
async def answer_while_starting(sock: socket, tls: SSLContext | None) -> AsyncIterator[None]:
    """Report on `/healthz` and `/readyz` that the process is alive and not ready, if the start takes long.

    Slack and Buildkite get 503, so that they send their requests again.
    """
    app = Router(_refuse, _refuse, make_health_app(_describe_start, None), lambda _seconds: None)
    server = make_server(app, tls=tls)
    serving = asyncio.create_task(_serve_later(server, sock))
    try:
        yield
    finally:
        server.stop()
        if not server.listening.is_set():
            serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


@asynccontextmanager
async def end_on_signal() -> AsyncIterator[None]:
    """Leave the block when a signal arrives; a container's first process would otherwise ignore it."""
    task = asyncio.current_task()
    stopped = False

    def stop() -> None:
        nonlocal stopped
        stopped = True
        if task:
            task.cancel()

    try:
        with stop_on_signal(stop):
            yield
    except asyncio.CancelledError:
        if not stopped or task is None:
            raise
        task.uncancel()
        log.info("stopped before it was started")


async def _serve_later(server: HttpServer, sock: socket) -> None:
    await asyncio.sleep(_QUICK_START)
    with sock.dup() as shared:  # the server closes what it serves on
        await server.serve_on(shared)


async def _describe_start() -> str:
    return "the bot is starting; its log says what it waits for"


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    response = PlainTextResponse("starting\n", status_code=503, headers={"retry-after": _RETRY_SECONDS})
    await response(scope, receive, send)
