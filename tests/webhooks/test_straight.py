"""Webhooks on the listener's fast path are treated as on the ASGI path."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.errors import Unavailable
from bot.runtime.group_commit import CommitCallback
from bot.runtime.http.asgi import MEBIBYTE
from bot.runtime.http.connection_pool import ConnectionLimits
from bot.runtime.http.routes import BUILDKITE, Router, make_health_app
from bot.runtime.http.server import make_server, open_socket
from tests.http.sockets import RawClient, connect, run_server

PING = b'{"event": "ping"}'


async def _is_healthy() -> None:
    return None


@asynccontextmanager
async def connect_to(rig, bounds: ConnectionLimits | None = None) -> AsyncIterator[RawClient]:
    """Open a connection to the bot's listener with that receiver behind it."""
    front = Router(None, rig.receiver, make_health_app(_is_healthy, None), lambda _seconds: None)
    async with run_server(front, bounds, fast_handlers=front.fast_handlers) as port, connect(port) as caller:
        yield caller


def post(headers: dict[str, str], body: bytes = PING, *, version: str = "1.1") -> bytes:
    """Return a webhook request as bytes."""
    fields = {"host": "k", "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"POST {BUILDKITE} HTTP/{version}\r\n{head}\r\n".encode() + body


def status(reply: bytes) -> int:
    return int(reply[9:12])


async def test_webhooks_follow_each_other_on_one_connection(rig, signed) -> None:
    """Requests, in pieces or all at once, are acknowledged and stored in order; rejections have a reason."""
    bodies = [json.dumps({"event": "ping", "pad": "x" * size}).encode() for size in (1, 200_000, 3)]
    async with connect_to(rig) as caller:
        for body in bodies:
            request = post(signed(body), body)
            await caller.send(request[:60], request[60:500], request[500:])
            answer = await caller.read_answer()
            assert (status(answer), json.loads(answer.partition(b"\r\n\r\n")[2])) == (200, {"ok": True})
        refused = post(signed(PING) | {"x-buildkite-signature": "no"})
        await caller.send(post(signed(PING)) + refused + post(signed(PING)))
        assert [status(await caller.read_answer()) for _ in range(3)] == [200, 401, 200]
    assert [delivery.body for delivery in rig.stored.deliveries] == [*bodies, PING, PING]
    assert rig.counts.seen == {"accepted": 5, "signature": 1}


@pytest.mark.parametrize(
    ("change", "body", "answered"),
    [
        ({"content-type": "text/plain"}, PING, 415),
        ({"content-type": "Application/JSON; charset=utf-8"}, PING, 200),
        ({"content-length": str(MEBIBYTE + 1)}, PING, 413),
        ({"x-buildkite-signature": "timestamp=1,signature=" + "0" * 64}, PING, 401),
        ({}, b"[]", 400),
        ({"expect": "100-continue"}, PING, 100),
        ({"content-length": "", "transfer-encoding": "chunked"}, b"11\r\n" + PING + b"\r\n0\r\n\r\n", 200),
    ],
)
async def test_unusual_requests_take_the_asgi_path(rig, signed, change, body, answered) -> None:
    """Another type, a large length, an expectation or chunks are answered by the ASGI path."""
    async with connect_to(rig) as caller:
        await caller.send(post(signed(body if body == b"[]" else PING) | change, body))
        assert status(await caller.read_head()) == answered


async def test_a_connection_is_closed_on_request(rig, signed) -> None:
    """HTTP/1.0 and `Connection: close` get their answer, and the connection is closed."""
    for request in (post(signed(PING), version="1.0"), post(signed(PING) | {"connection": "close"})):
        async with connect_to(rig) as caller:
            await caller.send(request)
            reply = await caller.read_to_end()
            assert status(reply) == 200
            assert b"connection: close" in reply


async def test_a_slow_body_gets_408(rig, signed) -> None:
    """A body that takes too long gets 408 and is counted as slow."""
    async with connect_to(rig, ConnectionLimits(body_seconds=0.05)) as caller:
        await caller.send(post(signed(PING))[:-1])
        assert status(await caller.read_to_end()) == 408
    assert rig.counts.seen == {"slow": 1}


async def test_an_interrupted_body_is_counted(rig, signed) -> None:
    """If the connection closes within a body, nothing is stored."""
    async with connect_to(rig) as caller:
        await caller.send(post(signed(PING)), post(signed(PING))[:-1])
        await caller.read_answer()
        caller.close()
        await rig.counts.wait_counted("accepted", "gone")
    assert rig.counts.seen == {"accepted": 1, "gone": 1}


async def test_a_failing_store_is_a_503(rig, signed) -> None:
    """The answer has a time to retry, and the connection stays open."""
    rig.stored.down = Unavailable("The database is locked.", retry_after=7.5)
    async with connect_to(rig) as caller:
        await caller.send(post(signed(PING)))
        answer = await caller.read_answer()
        assert (status(answer), b"retry-after: 8" in answer) == (503, True)
        rig.stored.down = None
        await caller.send(post(signed(PING)))
        assert status(await caller.read_answer()) == 200
    assert rig.counts.seen == {"unavailable": 1, "accepted": 1}


async def test_an_error_while_storing_is_a_500_and_is_reported(rig, signed) -> None:
    """The error reaches the event loop's handler, and the connection is closed."""
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: reported.append(about["exception"]))
    mistake = ZeroDivisionError()
    rig.stored.down = mistake
    async with connect_to(rig) as caller:
        await caller.send(post(signed(PING)))
        assert status(await caller.read_to_end()) == 500
    assert reported == [mistake]


async def test_both_paths_share_a_connection(rig, signed) -> None:
    """Webhooks and other requests alternate on one connection, also in pieces, and each is answered in turn."""
    health = b"GET /healthz HTTP/1.1\r\nhost: k\r\n\r\n"
    async with connect_to(rig) as caller:
        for _ in range(3):
            request = post(signed(PING))
            for pieces in ((request,), (health,), (request[:40], request[40:]), (health[:9], health[9:])):
                await caller.send(*pieces)
                assert status(await caller.read_answer()) == 200
    assert rig.counts.seen == {"accepted": 6}


async def test_a_webhook_that_is_being_stored_is_answered_before_the_server_stops(rig, signed) -> None:
    """Its connection is closed after the answer; one without a request is closed at once."""
    storing: asyncio.Queue[CommitCallback] = asyncio.Queue()
    rig.keep = lambda _delivery, on_commit: storing.put_nowait(on_commit)
    front = Router(None, rig.receiver, make_health_app(_is_healthy, None), lambda _seconds: None)
    with open_socket("127.0.0.1", 0) as sock:
        server = make_server(front, fast_handlers=front.fast_handlers)
        serving = asyncio.create_task(server.serve_on(sock))
        await server.listening.wait()
        port = sock.getsockname()[1]
        async with connect(port) as caller, connect(port) as idle:
            await caller.send(b"GET /healthz HTTP/1.1\r\nhost: k\r\n\r\n")
            assert status(await caller.read_answer()) == 200
            await caller.send(post(signed(PING)))
            on_commit = await storing.get()
            server.stop()
            assert await idle.read_to_end() == b""
            on_commit(None)
            answer = await caller.read_to_end()
        await serving
    assert (status(answer), b"connection: close" in answer) == (200, True)


async def test_a_late_answer_keeps_its_order(rig, signed) -> None:
    """If a request arrives while a webhook is being stored, both are answered in order."""
    keeping: asyncio.Queue[CommitCallback] = asyncio.Queue()
    rig.keep = lambda _delivery, on_commit: keeping.put_nowait(on_commit)
    async with connect_to(rig) as caller:
        await caller.send(post(signed(PING)), b"GET /healthz HTTP/1.1\r\nhost: k\r\n\r\n")
        (await keeping.get())(None)
        assert (await caller.read_answer()).endswith(b'{"ok": true}')
        assert (await caller.read_answer()).endswith(b"alive\n")
