"""The receivers of `bench ingest`, each run alone: `python -m bench.support.receivers NAME PORT STORE`."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench.support.signed_webhooks import PATH, SECRET
from bot.app.prometheus import BotMetrics
from bot.builds.ingest.queries import insert_deliveries
from bot.builds.ingest.spool import DeliverySpool
from bot.builds.webhook_event import Delivery
from bot.errors import BadSignature
from bot.runtime import startup
from bot.runtime.clock import SystemClock
from bot.runtime.group_commit import GroupCommit, TakeBatch
from bot.runtime.http.routes import Router, make_health_app
from bot.runtime.http.server import make_server, open_socket
from bot.store.migrate import upgrade
from bot.store.transactions import Store
from webhooks.receiver import KeepDelivery, Receiver
from webhooks.signature import verify

_HOST = "127.0.0.1"


async def ours(port: int, store: str) -> None:
    """Run Kitestring's receiving path, from its listener to a synced row of the database at `store`."""
    await upgrade(store)
    await _serve_receiver(port, DeliverySpool(Store(store), lambda: None, SystemClock()).keep)


async def each(port: int, store: str) -> None:
    """Run the same path with a commit for each request."""
    await upgrade(store)
    kept = Store(store)

    async def commit(take: TakeBatch[Delivery]) -> Sequence[None]:
        async with kept.write_directly() as driver:
            await insert_deliveries(driver, arrived := take())
        return [None] * len(arrived)

    await _serve_receiver(port, GroupCommit(commit, SystemClock(), max_batch=1).add)


async def file(port: int, store: str) -> None:
    """Run the same path with a file to which bodies are appended, one sync for all that arrived together."""
    line = os.open(store, os.O_WRONLY | os.O_CREAT | os.O_APPEND)

    def write(arrived: Sequence[Delivery]) -> None:
        os.writev(line, [item.body for item in arrived])
        os.fdatasync(line)

    async def commit(take: TakeBatch[Delivery]) -> Sequence[None]:
        await asyncio.to_thread(write, arrived := take())
        return [None] * len(arrived)

    await _serve_receiver(port, GroupCommit(commit, SystemClock()).add)


async def nothing(port: int, _store: str) -> None:
    """Run the same path without a store."""
    await _serve_receiver(port, lambda _delivery, done: done(None))


async def _serve_receiver(port: int, keep: KeepDelivery) -> None:
    front = Router(
        None,
        Receiver(SECRET, "signature", keep, SystemClock(), BotMetrics()),
        make_health_app(_report_healthy, None),
        _ignore_ack,
    )
    with open_socket(_HOST, port) as sock:
        server = make_server(front, fast_handlers=front.fast_handlers)
        startup.tune_collector("")
        await server.serve_on(sock)


async def starlette(port: int, _store: str) -> None:
    """Run a Starlette route on uvicorn with uvloop and httptools that verifies and stores nothing."""

    async def take(request: Request) -> Response:
        body = await request.body()
        try:
            verify(body, request.headers.get("x-buildkite-signature", ""), SECRET, SystemClock().now())
        except BadSignature:
            return JSONResponse({"ok": False}, status_code=401)
        return JSONResponse({"ok": True})

    await _serve_uvicorn(Starlette(routes=[Route(PATH, take, methods=["POST"])]), port)


async def bolt(port: int, _store: str) -> None:
    """Run Bolt for Python behind Starlette with only its signature check."""
    from slack_bolt import BoltResponse
    from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
    from slack_bolt.async_app import AsyncApp
    from slack_bolt.middleware.request_verification.async_request_verification import AsyncRequestVerification

    app = AsyncApp(signing_secret=SECRET, token="xoxb-1")
    app._async_middleware_list[:] = [AsyncRequestVerification(SECRET)]  # there is no setting for it

    async def acknowledge() -> BoltResponse:
        return BoltResponse(status=200)

    app.middleware(acknowledge)
    handler = AsyncSlackRequestHandler(app)
    await _serve_uvicorn(Starlette(routes=[Route(PATH, handler.handle, methods=["POST"])]), port)


async def _serve_uvicorn(app: Starlette, port: int) -> None:
    startup.tune_collector("")
    config = uvicorn.Config(app, port=port, loop="uvloop", http="httptools", log_config=None, access_log=False)
    await uvicorn.Server(config).serve()


async def _report_healthy() -> None:
    return None


def _ignore_ack(_seconds: float) -> None:
    return None


RECEIVERS: dict[str, Callable[[int, str], Awaitable[None]]] = {
    item.__name__: item for item in (ours, each, file, nothing, starlette, bolt)
}


def main(name: str, port: str, store: str) -> None:
    """Serve until killed."""

    async def run() -> None:
        await RECEIVERS[name](int(port), store)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
