"""Webhooks on the straight way of the bot's own listener are treated as on the other."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.errors import Unavailable
from bot.runtime.group_commit import CommitCallback
from bot.runtime.http.asgi import MEBIBYTE
from bot.runtime.http.connection import ConnectionLimits
from bot.runtime.http.routes import BUILDKITE, Router, make_health_app
from tests.http.sockets import Caller, calling, listening

PING = b'{"event": "ping"}'


async def _well() -> None:
    return None


@asynccontextmanager
async def called(door, bounds: ConnectionLimits | None = None) -> AsyncIterator[Caller]:
    """A connection to the bot's listener, with that receiver behind it."""
    front = Router(None, door.receiver, make_health_app(_well, None), lambda _seconds: None)
    async with listening(front, bounds, straight=front.fast_handlers) as port, calling(port) as caller:
        yield caller


def post(headers: dict[str, str], body: bytes = PING, *, version: str = "1.1") -> bytes:
    """A webhook, as bytes."""
    fields = {"host": "k", "content-length": str(len(body)), **headers}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"POST {BUILDKITE} HTTP/{version}\r\n{head}\r\n".encode() + body


def status(said: bytes) -> int:
    return int(said[9:12])


async def test_webhooks_follow_each_other_on_one_connection(door, signed) -> None:
    """Each is acknowledged, also in pieces and all at once, and kept in its order; what is refused says why."""
    bodies = [json.dumps({"event": "ping", "pad": "x" * size}).encode() for size in (1, 200_000, 3)]
    async with called(door) as caller:
        for body in bodies:
            request = post(signed(body), body)
            await caller.says(request[:60], request[60:500], request[500:])
            answer = await caller.answer()
            assert (status(answer), json.loads(answer.partition(b"\r\n\r\n")[2])) == (200, {"ok": True})
        refused = post(signed(PING) | {"x-buildkite-signature": "no"})
        await caller.says(post(signed(PING)) + refused + post(signed(PING)))
        assert [status(await caller.answer()) for _ in range(3)] == [200, 401, 200]
    assert [delivery.body for delivery in door.shelf.deliveries] == [*bodies, PING, PING]
    assert door.counts.seen == {"accepted": 5, "signature": 1}


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
async def test_what_is_not_plain_is_answered_all_the_same(door, signed, change, body, answered) -> None:
    """Another type, a length beyond the bound, an expectation, pieces without a length: the other way answers."""
    async with called(door) as caller:
        await caller.says(post(signed(body if body == b"[]" else PING) | change, body))
        assert status(await caller.head()) == answered


async def test_a_connection_is_closed_where_the_client_says_so(door, signed) -> None:
    """HTTP/1.0 and `Connection: close` get their answer, and the end."""
    for request in (post(signed(PING), version="1.0"), post(signed(PING) | {"connection": "close"})):
        async with called(door) as caller:
            await caller.says(request)
            said = await caller.hears()
            assert status(said) == 200
            assert b"connection: close" in said


async def test_a_body_that_does_not_come_is_not_waited_for(door, signed) -> None:
    """Half a body in too long a time gets 408 and is counted as slow."""
    async with called(door, ConnectionLimits(body_seconds=0.05)) as caller:
        await caller.says(post(signed(PING))[:-1])
        assert status(await caller.hears()) == 408
    assert door.counts.seen == {"slow": 1}


async def test_who_leaves_amid_a_body_is_counted(door, signed) -> None:
    """Half a body and a closed connection: nothing is kept."""
    async with called(door) as caller:
        await caller.says(post(signed(PING)), post(signed(PING))[:-1])
        await caller.answer()
        caller.hangs_up()
        await door.counts.counted("accepted", "gone")
    assert door.counts.seen == {"accepted": 1, "gone": 1}


async def test_a_store_that_is_down_is_a_503(door, signed) -> None:
    """With the time to wait; and the connection goes on."""
    door.shelf.down = Unavailable("The database is locked.", retry_after=7.5)
    async with called(door) as caller:
        await caller.says(post(signed(PING)))
        answer = await caller.answer()
        assert (status(answer), b"retry-after: 8" in answer) == (503, True)
        door.shelf.down = None
        await caller.says(post(signed(PING)))
        assert status(await caller.answer()) == 200
    assert door.counts.seen == {"unavailable": 1, "accepted": 1}


async def test_a_mistake_in_keeping_is_a_500_and_is_told(door, signed) -> None:
    """Whoever runs the bot hears of it through the event loop, and the connection is closed."""
    told: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, about: told.append(about["exception"]))
    mistake = ZeroDivisionError()
    door.shelf.down = mistake
    async with called(door) as caller:
        await caller.says(post(signed(PING)))
        assert status(await caller.hears()) == 500
    assert told == [mistake]


async def test_an_answer_that_comes_late_waits_for_nobody(door, signed) -> None:
    """A webhook is being kept while the next request of the same connection comes: both are answered, in order."""
    keeping: asyncio.Queue[CommitCallback] = asyncio.Queue()
    door.keep = lambda _delivery, told: keeping.put_nowait(told)
    async with called(door) as caller:
        await caller.says(post(signed(PING)), b"GET /healthz HTTP/1.1\r\nhost: k\r\n\r\n")
        (await keeping.get())(None)
        assert (await caller.answer()).endswith(b'{"ok": true}')
        assert (await caller.answer()).endswith(b"alive\n")
