"""Several `kitestring serve` processes on one database, behind a balancer, between both vendors on real time."""

from __future__ import annotations

import asyncio
import itertools
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa
from cryptography.fernet import Fernet
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from simulators.buildkite.models import Build
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from simulators.slack.models import Channel
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from tests.conversations.world import SIGNING_SECRET, WEBHOOK_SECRET, people
from tests.postgres.replicas import shared
from tests.process.program import Program, put_down, start
from tests.robustness.truth import WORDS, first_line, mark

WRITES = "this replica is the leader now"
_OWN = ("host", "content-length", "connection", "transfer-encoding")


class RoundRobin:
    """Passes each request to the next replica that takes it; 502 when none does."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self._turn = itertools.count()
        self.addresses: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        body = await request.body()
        for address in self._next():
            try:
                response = await self._pass(request, address, body)
            except httpx.HTTPError:
                continue
            await response(scope, receive, send)
            return
        await Response(status_code=502)(scope, receive, send)

    def _next(self) -> list[str]:
        first = next(self._turn) % max(len(self.addresses), 1)
        return self.addresses[first:] + self.addresses[:first]

    async def _pass(self, request: Request, address: str, body: bytes) -> Response:
        headers = [(name, value) for name, value in request.headers.items() if name not in _OWN]
        answer = await self._client.request(
            request.method, address + request.url.path, content=body, headers=headers
        )
        return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))


@dataclass
class Fleet:
    """The vendors, four channels, and the processes that were started."""

    slack: SlackSim
    buildkite: BuildkiteSim
    alice: Person
    channels: list[Channel]
    folder: Path
    environ: dict[str, str]
    balancer: RoundRobin
    programs: list[Program] = field(default_factory=list)

    async def sail(self, count: int, *arguments: str) -> None:
        """Start so many replicas at the same moment."""
        started = [Program(await start(self.folder, self.environ, "serve", *arguments)) for _ in range(count)]
        self.programs += started
        for program in started:
            await program.up()
        self.balancer.addresses = [program.address for program in self.programs]

    @property
    def writer(self) -> Program:
        """The process that took the lease last."""
        took = [(at, program) for program in self.programs for at in took_over(program)]
        return max(took, key=lambda item: item[0])[1]

    async def until(self, condition: Callable[[], Any], within: float = 60) -> Any:
        """The first true value of `condition`, asked after each change at Slack."""
        return await self.slack.until(condition, within)

    async def ask(self, numbers: range) -> list[Build]:
        """Start a build for each number, in one channel after another; gives them once all have a card."""
        before = len(self.buildkite.builds)
        asking = [
            self.alice.types(
                self.channels[number % len(self.channels)], f"/bk build create web -m 'Number {number}'"
            )
            for number in numbers
        ]
        for ack in await asyncio.gather(*asking):
            assert ack.ok, ack
        await self.until(lambda: len(self.buildkite.builds) == before + len(numbers) and self.carded(before))
        return list(self.buildkite.builds[before:])

    def carded(self, before: int) -> bool:
        """Whether every build since then has a card."""
        return all(self.cards(build) for build in self.buildkite.builds[before:])

    async def happen(self, builds: list[Build]) -> None:
        """They run to their end, every second one to a failure, and the webhooks tell."""
        for build in builds:
            self.buildkite.run_build(build, fail=["lint"] if build.number % 2 else [])
        await self.buildkite.deliver()

    def cards(self, build: Build) -> list[str]:
        """The first lines of a build's cards."""
        name = f"· web#{build.number} "
        every = [item for said in self.slack.posted.values() for item in said if item.bot and not item.deleted]
        plain = [item for item in every if not mark(item).startswith(("notice:", "answer:"))]
        return [first_line(item) for item in plain if name in first_line(item)]

    def ended(self, build: Build) -> list[str]:
        """What was said of its end below the card."""
        every = [item for said in self.slack.posted.values() for item in said if mark(item).startswith("notice:")]
        lines = [first_line(item) for item in every]
        return [
            line for line in lines if f"web#{build.number} " in line and WORDS[build.inner_state].lower() in line
        ]

    def right(self, builds: list[Build]) -> bool:
        """Every card says what Buildkite says, and every end was told."""
        return all(
            any(f"*{WORDS[build.inner_state]}*" in line for line in self.cards(build)) and self.ended(build)
            for build in builds
        )

    def check(self, builds: list[Build]) -> None:
        """Each build has one card, and its end was said once."""
        for build in builds:
            assert len(self.cards(build)) == 1, self.cards(build)
            assert len(self.ended(build)) == 1, self.ended(build)
        assert not any("Traceback" in program.said for program in self.programs)


def took_over(program: Program) -> list[float]:
    """When a process became the writer, in seconds since 1970."""
    lines = [line for line in program.lines if line["event"] == WRITES]
    return [datetime.fromisoformat(line["timestamp"]).timestamp() for line in lines]


@asynccontextmanager
async def harbour(database: sa.URL, folder: Path) -> AsyncIterator[Fleet]:
    """Both vendors and a balancer; whatever was started is put down at the end."""
    slack, buildkite = SlackSim(signing_secret=SIGNING_SECRET, now=time.time), BuildkiteSim(now=time.time)
    seed_demo(buildkite)
    buildkite.limits.user.limit = buildkite.limits.org.limit = 10_000
    alice, _bob, _gwen = people(slack)
    channels = [slack.channel(f"C0TEAM{number:03}", f"team-{number}") for number in range(4)]
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(slack.app))
        buildkite.base_url = await stack.enter_async_context(Serving(buildkite.app))
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client = await stack.enter_async_context(httpx.AsyncClient(timeout=20, trust_env=False, verify=plain))
        balancer = RoundRobin(client)
        address = await stack.enter_async_context(Serving(balancer))
        slack.request_url = f"{address}/slack/events"
        buildkite.add_webhook(f"{address}/buildkite/webhooks", WEBHOOK_SECRET)
        told = shared(database, slack, buildkite, Fernet.generate_key().decode())
        environ = {**told, "PORT": "0", "LOG_FORMAT": "json"}
        fleet = Fleet(slack, buildkite, alice, channels, folder, environ, balancer)
        try:
            yield fleet
        finally:
            await asyncio.gather(*(put_down(program.process) for program in fleet.programs))
            await asyncio.gather(*(program.ended() for program in fleet.programs))
