"""Runs several `kitestring serve` processes on one database, between both vendors, in real time."""

from __future__ import annotations

import asyncio
import itertools
import re
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
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from simulators.slack.models import Channel
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from tests.conversations.world import HANGING_SECONDS, WEBHOOK_SECRET, add_people, make_buildkite, make_slack
from tests.postgres.replicas import shared_environment
from tests.process.program import Program, kill_if_running, start
from tests.robustness.truth import WORDS, first_line, read_mark

TAKEOVER_EVENT = "this replica is the leader now"
_OWN = ("host", "content-length", "connection", "transfer-encoding")


class RoundRobin:
    """Passes each request to the next replica that accepts it; answers 502 if none does."""

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

    async def start_replicas(self, count: int, *arguments: str) -> None:
        """Start this many replicas at the same moment."""
        started = [Program(await start(self.folder, self.environ, "serve", *arguments)) for _ in range(count)]
        self.programs += started
        for program in started:
            await program.wait_until_listening()
        self.balancer.addresses = [program.address for program in self.programs]

    @property
    def leader(self) -> Program:
        """The process that took over the lease last."""
        took = [(at, program) for program in self.programs for at in read_takeover_times(program)]
        return max(took, key=lambda takeover: takeover[0])[1]

    async def until(self, condition: Callable[[], Any], within: float = HANGING_SECONDS) -> Any:
        """Return the first true value of `condition`, which is checked after each change in Slack."""
        return await self.slack.until(condition, within)

    async def start_builds(self, numbers: range) -> list[Build]:
        """Start a build for each number, in one channel after another, and return them once all have a card."""
        before = len(self.buildkite.builds)
        asking = [
            self.alice.types(
                self.channels[number % len(self.channels)], f"/bk build create web -m 'Number {number}'"
            )
            for number in numbers
        ]
        for ack in await asyncio.gather(*asking):
            assert ack.ok, ack
        await self.until(
            lambda: len(self.buildkite.builds) == before + len(numbers) and self.all_have_cards(before)
        )
        return list(self.buildkite.builds[before:])

    def all_have_cards(self, before: int) -> bool:
        """Return whether every build since then has a card."""
        return all(self.find_cards(build) for build in self.buildkite.builds[before:])

    async def run_builds(self, builds: list[Build]) -> None:
        """Run the builds to their end, every other one to a failure, and deliver the webhooks."""
        for build in builds:
            self.buildkite.run_build(build, fail=["lint"] if build.number % 2 else [])
        await self.buildkite.deliver()

    def find_cards(self, build: Build) -> list[str]:
        """Return the first lines of a build's cards."""
        name = re.compile(rf"(\*|– )web#{build.number}\*? ")
        posted = [
            message
            for messages in self.slack.posted.values()
            for message in messages
            if message.bot and not message.deleted
        ]
        plain = [message for message in posted if not read_mark(message).startswith(("notice:", "answer:"))]
        return [first_line(message) for message in plain if name.search(first_line(message))]

    def find_end_replies(self, build: Build) -> list[str]:
        """Return the replies to the card that announce the build's end."""
        posted = [
            message
            for messages in self.slack.posted.values()
            for message in messages
            if read_mark(message).startswith("notice:")
        ]
        lines = [first_line(message) for message in posted]
        return [line for line in lines if f"web#{build.number} {WORDS[build.inner_state]}" in line]

    def is_right(self, builds: list[Build]) -> bool:
        """Return whether every card matches Buildkite and every end was announced."""
        return all(
            any(f" {WORDS[build.inner_state]} on " in line for line in self.find_cards(build))
            and self.find_end_replies(build)
            for build in builds
        )

    def check(self, builds: list[Build]) -> None:
        """Assert that each build has one card and one announcement of its end."""
        for build in builds:
            assert len(self.find_cards(build)) == 1, self.find_cards(build)
            assert len(self.find_end_replies(build)) == 1, self.find_end_replies(build)
        assert not any("Traceback" in program.log_text for program in self.programs)


def read_takeover_times(program: Program) -> list[float]:
    """Return when a process became the leader, in seconds since 1970."""
    lines = [line for line in program.lines if line["event"] == TAKEOVER_EVENT]
    return [datetime.fromisoformat(line["timestamp"]).timestamp() for line in lines]


@asynccontextmanager
async def open_fleet(database: sa.URL, folder: Path) -> AsyncIterator[Fleet]:
    """Run both vendors and a balancer, and stop all processes at the end."""
    slack, buildkite = make_slack(time.time), make_buildkite(time.time)
    buildkite.limits.user.limit = buildkite.limits.org.limit = 10_000
    alice, _bob, _gwen = add_people(slack)
    channels = [slack.channel(f"C0TEAM{number:03}", f"team-{number}") for number in range(4)]
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(slack.app))
        buildkite.base_url = await stack.enter_async_context(Serving(buildkite.app))
        plain = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        client = await stack.enter_async_context(
            httpx.AsyncClient(timeout=HANGING_SECONDS, trust_env=False, verify=plain)
        )
        balancer = RoundRobin(client)
        address = await stack.enter_async_context(Serving(balancer))
        slack.request_url = f"{address}/slack/events"
        buildkite.add_webhook(f"{address}/buildkite/webhooks", WEBHOOK_SECRET)
        shared = shared_environment(database, slack, buildkite, Fernet.generate_key().decode())
        environ = {**shared, "PORT": "0", "LOG_FORMAT": "json"}
        fleet = Fleet(slack, buildkite, alice, channels, folder, environ, balancer)
        try:
            yield fleet
        finally:
            await asyncio.gather(*(kill_if_running(program.process) for program in fleet.programs))
            await asyncio.gather(*(program.wait_for_exit() for program in fleet.programs))
