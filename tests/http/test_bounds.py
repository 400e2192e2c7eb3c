"""No client takes more of the bot's memory or time than it is given."""

from __future__ import annotations

import asyncio
import socket

import pytest

from bot.runtime.http.connection import ConnectionLimits
from tests.http.sockets import calling, listening, post

KIB = 1024
SHORT = ConnectionLimits(head_seconds=0.05, body_seconds=0.05, answer_seconds=0.05)
HEAD = b"POST / HTTP/1.1\r\nHost: k\r\n"


def status(said: bytes) -> int:
    """Of an answer."""
    return int(said.split(b" ")[1])


async def test_a_request_within_bounds_is_answered() -> None:
    """A head of nearly 64 KiB and a body of 1 MiB are taken, and again on the same connection."""
    request = post(b"x" * KIB * KIB, f"Cookie: {'c' * 60 * KIB}")
    async with listening() as port, calling(port) as caller:
        for _ in range(2):
            await caller.says(request)
            assert (await caller.answer()).endswith(b"1048576 bytes")


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + b"a" * 70 * KIB,
        HEAD + b"Cookie: " + b"c" * 70 * KIB,
        HEAD + b"X" * 70 * KIB,
        HEAD + b"A: b\r\n" * 12 * KIB,
        HEAD + b"Cookie: " + b"c" * 70 * KIB + b"\r\nContent-Length: 0\r\n\r\n",
    ],
    ids=["path", "value", "name", "lines", "complete"],
)
async def test_a_head_over_64_kib_is_refused(endless: bytes) -> None:
    """Whatever part of it grows, ended or not: 431, and the connection is closed."""
    async with listening() as port, calling(port) as caller:
        await caller.says(endless)
        assert status(await caller.hears()) == 431


@pytest.mark.parametrize("piece", [b"1\r\nx\r\n", b"1;" + b"e" * KIB + b"\r\nx\r\n"], ids=["chunks", "extensions"])
async def test_a_body_that_never_ends_is_refused(piece: bytes) -> None:
    """Chunks go round the announced length; what one request sends altogether is bounded all the same."""
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    async with listening(bounds=ConnectionLimits(request_bytes=32 * KIB)) as port, calling(port) as caller:
        await caller.says(chunked, piece * (64 * KIB // len(piece)))
        assert status(await caller.hears()) == 413


async def test_trailers_are_bounded_too() -> None:
    """Headers behind the body are part of the request."""
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    async with listening(bounds=ConnectionLimits(request_bytes=32 * KIB)) as port, calling(port) as caller:
        await caller.says(chunked, b"A: b\r\n" * 8 * KIB)
        assert status(await caller.hears()) == 413


@pytest.mark.parametrize(
    ("begun", "answered"),
    [
        (b"", None),
        (b"P", 408),
        (b"\r\n", 408),
        (HEAD, 408),
        (HEAD + b"Content-Length: 2\r\n\r\nx", 408),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", 408),
        (post(b"x") + HEAD, 200),
    ],
    ids=["nothing", "a letter", "an empty line", "half a head", "half a body", "half the chunks", "a second head"],
)
async def test_who_begins_and_does_not_go_on_is_cut_off(begun: bytes, answered: int | None) -> None:
    """A request that does not come to its end in time gets 408 (one that never began: nothing), and is closed."""
    bounds = ConnectionLimits(head_seconds=0.05, body_seconds=0.05, idle_seconds=1)
    async with listening(bounds=bounds) as port, calling(port) as caller:
        await caller.says(begun)
        said = await caller.hears()
    assert (status(said) if said else None) == answered


async def test_dripping_buys_no_time() -> None:
    """A header every now and then does not move the end of a head: the first byte counts."""
    async with listening(bounds=ConnectionLimits(head_seconds=0.1)) as port, calling(port) as caller:
        hearing = asyncio.create_task(caller.hears())
        await caller.says(HEAD)
        while not hearing.done():
            await caller.says(b"A: b\r\n")
            await asyncio.wait([hearing], timeout=0.02)
    assert status(await hearing) == 408


async def test_an_idle_connection_is_closed() -> None:
    """Between two requests a client may rest for a while, and no longer."""
    async with listening(bounds=ConnectionLimits(idle_seconds=0)) as port, calling(port) as caller:
        await caller.says(post(b"x"))
        assert (await caller.hears()).endswith(b"1 bytes")


async def test_who_takes_no_answers_is_cut_off() -> None:
    """A client that asks and asks and never reads does not hold what was to be told."""
    gone = asyncio.Event()

    async def plenty(_scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not gone.is_set():
            await send({"type": "http.response.body", "body": b"x" * 64 * KIB, "more_body": True})
            gone.set() if (await _heard(receive)) else None

    async with listening(plenty, SHORT) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(post(b""))
            async with asyncio.timeout(10):
                await gone.wait()


async def _heard(receive) -> bool:
    """Whether the connection is known to be gone, without waiting for it."""
    task = asyncio.ensure_future(receive())
    await asyncio.wait([task], timeout=0)
    if task.done():
        return task.result()["type"] == "http.disconnect"
    task.cancel()
    return False


async def test_connections_are_counted() -> None:
    """One more than there may be gets 503; when another has left there is room again."""
    async with listening(bounds=ConnectionLimits(connections=2)) as port, calling(port) as item, calling(port) as other:
        for caller in (item, other):
            await caller.says(post(b"x"))
            assert status(await caller.answer()) == 200
        async with calling(port) as third:
            assert status(await third.hears()) == 503
        other.hangs_up()
        async with asyncio.timeout(10):
            while b"1 bytes" not in await _asked(port):
                pass


async def _asked(port: int) -> bytes:
    async with calling(port) as caller:
        await caller.says(post(b"x", "Connection: close"))
        return await caller.hears()
