"""The baseline of lag: verifies a webhook, calls `chat.update` at once, and stores nothing.

Run alone: `python -m bench.support.bare_receiver PORT API CHANNEL TS`, with the token in SLACK_BOT_TOKEN.
"""

from __future__ import annotations

import asyncio
import os
import sys

import uvicorn
import uvloop
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.support.signed_webhooks import PATH
from bot.runtime.clock import SystemClock
from bot.slack.session import open_session
from tests.conversations.world import WEBHOOK_SECRET
from webhooks.signature import verify

SECONDS = 10.0


async def serve(port: int, api: str, channel: str, ts: str) -> None:
    """Serve until killed."""
    async with open_session(SECONDS) as connections:
        client = AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=api, session=connections)

        async def take(request: Request) -> Response:
            body = await request.body()
            verify(body, request.headers["x-buildkite-signature"], WEBHOOK_SECRET, SystemClock().now())
            await client.chat_update(channel=channel, ts=ts, text="Something happened.", blocks=[])
            return Response(status_code=204)

        app = Starlette(routes=[Route(PATH, take, methods=["POST"])])
        config = uvicorn.Config(app, port=port, loop="uvloop", http="httptools", log_config=None, access_log=False)
        await uvicorn.Server(config).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1]), *sys.argv[2:]))
