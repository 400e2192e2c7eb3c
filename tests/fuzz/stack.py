"""The whole bot between both simulators, called in memory or with raw bytes over a socket."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bot.runtime.http.connection_pool import ConnectionLimits
from bot.runtime.http.server import make_server, open_socket
from tests.conversations.world import SIGNING_SECRET, WEBHOOK_SECRET, World, open_world

SECONDS = 300  # ends only what hangs
SLACK, BUILDKITE = "/slack/events", "/buildkite/webhooks"
T = TypeVar("T")


class Stack:
    """A bot that answers one request after the other, each within `SECONDS`."""

    def __init__(self, runner: asyncio.Runner, world: World, port: int) -> None:
        self._runner = runner
        self._port = port
        self.world = world
        self.team = world.bot.workspace.deps.slack.identity.team

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine to its end in bounded time."""

        async def bounded() -> T:
            async with asyncio.timeout(SECONDS):
                return await work

        return self._runner.run(bounded())

    def send_request(
        self, path: str, headers: Mapping[str, bytes], body: bytes = b"", method: str = "POST"
    ) -> int:
        """Send a request; returns its status once everything that it started has ended."""
        half = len(body) // 2
        first = {"type": "http.request", "body": body[:half], "more_body": True}
        rest = {"type": "http.request", "body": body[half:], "more_body": False}
        return self.run(self._send(path, headers, method, iter([first, rest])))

    def stream_body(self, path: str, headers: Mapping[str, bytes], piece: bytes, times: int) -> tuple[int, int]:
        """Stream one piece many times as a request's body; returns the status and how many pieces were read."""
        left = iter(range(times))
        incoming = ({"type": "http.request", "body": piece, "more_body": True} for _ in left)
        status = self.run(self._send(path, headers, "POST", incoming))
        return status, times - sum(1 for _ in left)

    def write_raw(self, payload: bytes) -> list[int]:
        """Write raw bytes to a connection; returns the statuses answered until it closes."""
        return self.run(self._write(payload))

    def signed_by_slack(self, body: bytes) -> dict[str, bytes]:
        """Return Slack's signature headers. https://docs.slack.dev/authentication/verifying-requests-from-slack"""
        at = b"%d" % self.world.clock.now().timestamp()
        proof = hmac.digest(SIGNING_SECRET.encode(), b"v0:" + at + b":" + body, hashlib.sha256).hex()
        return {"x-slack-request-timestamp": at, "x-slack-signature": f"v0={proof}".encode()}

    def signed_by_buildkite(self, body: bytes) -> dict[str, bytes]:
        """Return Buildkite's signature header. https://buildkite.com/docs/apis/webhooks"""
        at = b"%d" % self.world.clock.now().timestamp()
        proof = hmac.digest(WEBHOOK_SECRET.encode(), at + b"." + body, hashlib.sha256).hex()
        return {"x-buildkite-signature": b"timestamp=" + at + f",signature={proof}".encode()}

    async def _send(
        self, path: str, headers: Mapping[str, bytes], method: str, incoming: Iterator[dict[str, Any]]
    ) -> int:
        sent: list[Any] = []

        async def receive() -> Any:
            return next(incoming, {"type": "http.disconnect"})

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "http_version": "1.1",
            "method": method,
            "path": path,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.encode(), value) for name, value in headers.items()],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 3000),
            "scheme": "http",
        }
        await self.world.bot.endpoints.web(scope, receive, send)
        await self.world.bot.drain()
        await self.world.bot.workspace.readers.inbox.tick()
        return int(sent[0]["status"])

    async def _write(self, payload: bytes) -> list[int]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(payload)
            writer.write_eof()
            answer = await reader.read()
        except ConnectionError:
            answer = b""
        finally:
            writer.close()
        lines = [part.split(b" ") for part in answer.split(b"HTTP/1.1 ")[1:]]
        return [int(words[0]) for words in lines]


@contextmanager
def run_stack(folder: Path) -> Iterator[Stack]:
    """Run a stack in an event loop of its own."""
    with asyncio.Runner() as runner:
        context = _run_stack(folder)
        world, port = runner.run(context.__aenter__())
        try:
            yield Stack(runner, world, port)
        finally:
            runner.run(context.__aexit__(None, None, None))


@asynccontextmanager
async def _run_stack(folder: Path) -> AsyncIterator[tuple[World, int]]:
    async with open_world(folder) as world:
        with open_socket("127.0.0.1", 0) as sock:
            server = make_server(
                world.bot.endpoints.web, limits=ConnectionLimits(head_seconds=2, body_seconds=2, idle_seconds=1)
            )
            task = asyncio.create_task(server.serve_on(sock))
            await server.listening.wait()
            try:
                yield world, sock.getsockname()[1]
            finally:
                server.stop()
                await task
