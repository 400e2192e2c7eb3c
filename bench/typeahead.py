"""A menu with typeahead: 5,000 pipelines, each letter a signed request, beside a constant answer.

`python -m bench typeahead` prints milliseconds from request to answer over HTTP on loopback, median and 99th
percentile of a hundred: of the bot, and of a Starlette that answers the same number of options from a constant.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlencode

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from simulators.http_server import Serving
from simulators.slack.signing import sign_headers
from tests.conversations.world import SIGNING_SECRET, World, open_world

PIPELINES, ROUNDS = 5_000, 100
TYPED = ("", "s", "service", "service-4", "4999", "nothing like it")


def make_body(world: World, typed: str) -> bytes:
    """Return a request of the menu in Bob's open form, as Slack sends it."""
    form = world.slack.modal_of(world.bob)
    payload = {
        "type": "block_suggestion",
        "user": {"id": world.bob.id, "team_id": world.slack.team},
        "team": {"id": world.slack.team, "domain": "acme"},
        "action_id": "suggest:pipeline",
        "block_id": "pipeline",
        "value": typed,
        "container": {"type": "view", "view_id": "V1"},
        "view": {
            "id": "V1",
            "type": "modal",
            "state": {"values": {}},
            "private_metadata": form.source["private_metadata"] if form else "",
        },
    }
    return urlencode({"payload": json.dumps(payload)}).encode()


async def time_request(client: httpx.AsyncClient, world: World, url: str, typed: str) -> tuple[float, int]:
    """Return the seconds from request to answer, and how many options came."""
    content = make_body(world, typed)
    form, now = "application/x-www-form-urlencoded", int(world.clock.now().timestamp())
    headers = sign_headers(SIGNING_SECRET, now, content, form)
    begun = time.perf_counter()
    answer = await client.post(url, content=content, headers=headers)
    took = time.perf_counter() - begun
    return took, len(answer.raise_for_status().json()["options"])


async def answer_constant(request: Request) -> JSONResponse:
    """Answer with a hundred options."""
    await request.body()
    text = {"type": "plain_text", "text": "service-0000", "emoji": True}
    return JSONResponse({"options": [{"text": text, "value": "service-0000"}] * 100})


async def time_requests(ask: Callable[[str], Awaitable[tuple[float, int]]], rounds: int) -> list[float]:
    """Return the milliseconds of requests, each query in turn."""
    return [(await ask(TYPED[at % len(TYPED)]))[0] * 1000 for at in range(rounds)]


def render_percentiles(name: str, taken: list[float]) -> str:
    """Return a line with the median and the 99th percentile."""
    last = statistics.quantiles(taken, n=100)[98]
    return f"{name:28} p50 {statistics.median(taken):6.2f} ms   p99 {last:6.2f} ms"


async def read_catalog(world: World) -> None:
    """Read the whole list, which needs more requests than Buildkite allows in a minute: advance the clock."""
    reading = asyncio.create_task(world.bot.workspace.deps.buildkite.catalog.suggest("pipeline", ""))
    while not reading.done():
        await asyncio.sleep(0.05)
        world.clock.advance(1)
    await reading


async def measure(pipelines: int, rounds: int) -> None:
    """Measure with a fresh list, then with an old one that can't be refreshed because Buildkite hangs."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_world(Path(folder)) as world, httpx.AsyncClient() as client:
            for at in range(pipelines):
                world.buildkite.pipeline(f"service-{at:04}")
            url = str(world.slack.request_url)
            await world.bob.types(world.deploys, "/bk build create")
            await world.settle(1)
            await read_catalog(world)
            first = await time_request(client, world, url, "service")
            async with Serving(Starlette(routes=[Route("/", answer_constant, methods=["POST"])])) as plain:
                base = await time_requests(lambda word: time_request(client, world, plain, word), rounds)
                warm = await time_requests(lambda word: time_request(client, world, url, word), rounds)
                world.clock.advance(61)
                held = world.buildkite.faults.hang(path="pipelines")
                stale = await time_requests(lambda word: time_request(client, world, url, word), rounds)
                held.release()
            print(f"{pipelines} pipelines, {rounds} requests each; {first[1]} options for “service”")
            print(render_percentiles("a bare Starlette", base))
            print(render_percentiles("the bot", warm))
            print(render_percentiles("the bot, its list being read", stale))


def main(arguments: list[str]) -> None:
    """Measure and print."""
    asking = argparse.ArgumentParser("python -m bench typeahead")
    asking.add_argument("--pipelines", type=int, default=PIPELINES)
    asking.add_argument("--rounds", type=int, default=ROUNDS)
    given = asking.parse_args(arguments)
    asyncio.run(measure(given.pipelines, given.rounds))
