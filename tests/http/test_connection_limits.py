"""No client can take more than its share of the bot's memory and time."""

from __future__ import annotations

import asyncio
import socket

import pytest
from starlette.types import Receive, Scope, Send

from bot.runtime.http.asgi import Rejected, check_request, send_rejection
from bot.runtime.http.connection_pool import ConnectionLimits
from tests.http.sockets import TIMEOUT_SECONDS, connect, render_post, report_length, run_server

KIB = 1024
SHORT = ConnectionLimits(head_seconds=0.05, body_seconds=0.05, answer_seconds=0.05)
HEAD = b"POST / HTTP/1.1\r\nHost: k\r\n"


def read_status(answer: bytes) -> int:
    """Return the status of an answer."""
    return int(answer.split(b" ")[1])


async def test_a_request_within_limits_is_answered() -> None:
    """A head of nearly 64 KiB and a body of 1 MiB are accepted, twice on the same connection."""
    request = render_post(b"x" * KIB * KIB, f"Cookie: {'c' * 60 * KIB}")
    async with run_server() as port, connect(port) as caller:
        for _ in range(2):
            await caller.send(request)
            assert (await caller.read_answer()).endswith(b"1048576 bytes")


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
    """Whichever part of the head grows, ended or not, the answer is 431 and the connection is closed."""
    async with run_server() as port, connect(port) as caller:
        await caller.send(endless)
        assert read_status(await caller.read_to_end()) == 431


@pytest.mark.parametrize("piece", [b"1\r\nx\r\n", b"1;" + b"e" * KIB + b"\r\nx\r\n"], ids=["chunks", "extensions"])
async def test_a_body_that_never_ends_is_refused(piece: bytes) -> None:
    """Chunks evade the declared length, but the total size of a request is limited too."""
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    async with run_server(limits=ConnectionLimits(request_bytes=32 * KIB)) as port, connect(port) as caller:
        await caller.send(chunked, piece * (64 * KIB // len(piece)))
        assert read_status(await caller.read_to_end()) == 413


async def test_trailers_are_limited_too() -> None:
    """Headers after the body count towards the request."""
    chunked = HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    async with run_server(limits=ConnectionLimits(request_bytes=32 * KIB)) as port, connect(port) as caller:
        await caller.send(chunked, b"A: b\r\n" * 8 * KIB)
        assert read_status(await caller.read_to_end()) == 413


@pytest.mark.parametrize(
    ("begun", "answered"),
    [
        (b"", None),
        (b"P", 408),
        (b"\r\n", 408),
        (HEAD, 408),
        (HEAD + b"Content-Length: 2\r\n\r\nx", 408),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", 408),
        (render_post(b"x") + HEAD, 200),
    ],
    ids=["nothing", "a letter", "an empty line", "half a head", "half a body", "half the chunks", "a second head"],
)
async def test_an_unfinished_request_times_out(begun: bytes, answered: int | None) -> None:
    """An unfinished request gets 408 and is closed; a connection without a request is just closed."""
    limits = ConnectionLimits(head_seconds=0.05, body_seconds=0.05, idle_seconds=1)
    async with run_server(limits=limits) as port, connect(port) as caller:
        await caller.send(begun)
        answer = await caller.read_to_end()
    assert (read_status(answer) if answer else None) == answered


async def test_slow_headers_do_not_extend_the_timeout() -> None:
    """Sending a header now and then doesn't extend the time for the head."""
    async with run_server(limits=ConnectionLimits(head_seconds=0.1)) as port, connect(port) as caller:
        hearing = asyncio.create_task(caller.read_to_end())
        await caller.send(HEAD)
        while not hearing.done():
            await caller.send(b"A: b\r\n")
            await asyncio.wait([hearing], timeout=0.02)
    assert read_status(await hearing) == 408


async def test_an_idle_connection_is_closed() -> None:
    """A client may pause between two requests, but only for a limited time."""
    async with run_server(limits=ConnectionLimits(idle_seconds=0)) as port, connect(port) as caller:
        await caller.send(render_post(b"x"))
        assert (await caller.read_to_end()).endswith(b"1 bytes")


async def test_a_client_that_never_reads_is_cut_off() -> None:
    """A client that keeps sending requests without reading answers can't fill the bot's memory."""
    closed = asyncio.Event()

    async def plenty(_scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not closed.is_set():
            await send({"type": "http.response.body", "body": b"x" * 64 * KIB, "more_body": True})
            closed.set() if (await _has_closed(receive)) else None

    async with run_server(plenty, SHORT) as port:
        with socket.create_connection(("127.0.0.1", port)) as client:
            client.sendall(render_post(b""))
            async with asyncio.timeout(TIMEOUT_SECONDS):
                await closed.wait()


async def _has_closed(receive) -> bool:
    """Return whether the client has noticed that the connection is closed, without waiting."""
    task = asyncio.ensure_future(receive())
    await asyncio.wait([task], timeout=0)
    if task.done():
        return task.result()["type"] == "http.disconnect"
    task.cancel()
    return False


async def test_the_number_of_connections_is_limited() -> None:
    """One connection too many gets 503; when another has closed there is room again."""
    async with (
        run_server(limits=ConnectionLimits(connections=2)) as port,
        connect(port) as item,
        connect(port) as other,
    ):
        for caller in (item, other):
            await caller.send(render_post(b"x"))
            assert read_status(await caller.read_answer()) == 200
        async with connect(port) as third:
            assert read_status(await third.read_to_end()) == 503
        other.close()
        async with asyncio.timeout(TIMEOUT_SECONDS):
            while b"1 bytes" not in await _fetch(port):
                pass


async def _fetch(port: int) -> bytes:
    async with connect(port) as caller:
        await caller.send(render_post(b"x", "Connection: close"))
        return await caller.read_to_end()


async def refuse_large(scope: Scope, receive: Receive, send: Send) -> None:
    """Refuse a request by its declared length, as the endpoints do, or read it."""
    try:
        check_request(scope, ("application/json",), limit=KIB)
    except Rejected as why:
        await send_rejection(send, why)
    else:
        await report_length(scope, receive, send)


@pytest.mark.parametrize("sent", [b"", b"x" * 100, b"x" * 8 * KIB], ids=["nothing", "some", "much"])
async def test_a_refusal_before_the_body_is_the_last_answer(sent: bytes) -> None:
    """A request that's refused by its declared length gets one answer, and its connection is closed at once."""
    head = HEAD + b"Content-Type: application/json\r\nContent-Length: 99999999999\r\n\r\n"
    limits = ConnectionLimits(body_seconds=TIMEOUT_SECONDS, refusal_seconds=0.05)
    async with run_server(refuse_large, limits) as port, connect(port) as caller:
        await caller.send(head + sent)
        answer = await caller.read_to_end()
    assert read_status(answer) == 413
    assert answer.count(b"HTTP/1.1") == 1
