"""The receivers that `bench ingest` measures, each run alone: `python -m bench._receivers NAME PORT STORE`."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bench._webhooks import PATH, SECRET
from bot.clock import SystemClock
from bot.errors import BadSignature
from bot.http import Front, rest
from bot.keeper import Keeper
from bot.listening import bound, listener
from bot.metrics import Metrics
from bot.store.migrate import upgrade
from bot.store.store import Store
from webhooks.receiver import Receiver
from webhooks.signature import verify


async def ours(port: int, store: str) -> None:
    """Kitestring's receiving path, from its listener to a synced row of the database at `store`."""
    await upgrade(store)
    keeper = Keeper(Store(store), lambda: None)
    receiver = Receiver(SECRET, "signature", keeper.keep, SystemClock(), Metrics())
    with bound("127.0.0.1", port) as sock:
        front = Front(None, receiver, rest(_well, None), lambda _: None)
        await listener(front, straight=front.straight).serve_on(sock)


async def starlette(port: int, _store: str) -> None:
    """A route of Starlette's on uvicorn with uvloop and httptools: verifies, stores nothing."""

    async def take(request: Request) -> Response:
        said = await request.body()
        try:
            verify(said, request.headers.get("x-buildkite-signature", ""), SECRET, SystemClock().now())
        except BadSignature:
            return JSONResponse({"ok": False}, status_code=401)
        return JSONResponse({"ok": True})

    app = Starlette(routes=[Route(PATH, take, methods=["POST"])])
    await uvicorn.Server(
        uvicorn.Config(app, port=port, loop="uvloop", http="httptools", log_config=None, access_log=False)
    ).serve()


async def _well() -> None:
    return None


RECEIVERS: dict[str, Callable[[int, str], Awaitable[None]]] = {"ours": ours, "starlette": starlette}


def main(name: str, port: str, store: str) -> None:
    """Serve until killed."""

    async def run() -> None:
        await RECEIVERS[name](int(port), store)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


if __name__ == "__main__":
    main(*sys.argv[1:])
