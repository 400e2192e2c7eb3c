"""Bolt's bare `ack()` on Starlette and uvicorn, and a route that verifies webhooks and stores nothing.

Run alone: `python -m bench.support.bare_bolt PORT API`, with the token in SLACK_BOT_TOKEN.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Awaitable, Callable

import uvicorn
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.support.signed_webhooks import PATH
from bot.runtime.clock import SystemClock
from tests.conversations.world import SIGNING_SECRET, WEBHOOK_SECRET
from webhooks.signature import verify


def build_app(api: str) -> Starlette:
    """Build the app as in Bolt's documentation: https://docs.slack.dev/tools/bolt-python"""
    client = AsyncWebClient(os.environ["SLACK_BOT_TOKEN"], base_url=api)
    bolt = AsyncApp(name="bare", client=client, signing_secret=SIGNING_SECRET)

    async def acknowledge(ack: Callable[[], Awaitable[object]]) -> None:
        await ack()

    bolt.command("/bk")(acknowledge)
    handler = AsyncSlackRequestHandler(bolt)

    async def events(request: Request) -> Response:
        return await handler.handle(request)

    async def webhooks(request: Request) -> Response:
        verify(await request.body(), request.headers["x-buildkite-signature"], WEBHOOK_SECRET, SystemClock().now())
        return Response(status_code=204)

    return Starlette(
        routes=[Route("/slack/events", events, methods=["POST"]), Route(PATH, webhooks, methods=["POST"])]
    )


if __name__ == "__main__":
    uvicorn.run(
        build_app(sys.argv[2]),
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_config=None,
        access_log=False,
    )
