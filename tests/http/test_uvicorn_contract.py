"""Uvicorn behaves as `bot.runtime.http` relies on: an update that changes it fails here first."""

from __future__ import annotations

import asyncio
import gc
import inspect
import signal
import weakref
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.http.sockets import render_post, run_server

A_DAY = 24 * 60 * 60


class RecordingTransport(asyncio.Transport):
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Keep the bytes."""
        self.written += bytes(data)

    def close(self) -> None:
        """Note that it is closed."""
        self.closed = True

    def is_closing(self) -> bool:
        """Return whether it was closed."""
        return self.closed

    def resume_reading(self) -> None:
        """Do nothing."""

    def pause_reading(self) -> None:
        """Do nothing."""


def make_protocol(app: ASGIApp, state: dict[str, object]) -> asyncio.Protocol:
    """Make uvicorn's protocol as the bot does: from the configuration and the server's state, by keyword."""
    config = uvicorn.Config(app, http="httptools", lifespan="off", ws="none", timeout_keep_alive=A_DAY)
    config.load()
    make: Callable[..., asyncio.Protocol] = config.http_protocol_class
    return make(config=config, server_state=uvicorn.Server(config).server_state, app_state=state)


async def answer_ok(_scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and answer 200."""
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def run_ready_tasks() -> None:
    """Let the tasks that can run do so."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_protocol_is_an_asyncio_protocol() -> None:
    """It has the methods of every asyncio protocol, called with what asyncio calls them with."""
    protocol = make_protocol(answer_ok, {})
    assert isinstance(protocol, asyncio.Protocol)
    for name in ("connection_made", "connection_lost", "data_received", "pause_writing", "resume_writing"):
        expected = inspect.signature(getattr(asyncio.Protocol, name)).parameters
        assert len(inspect.signature(getattr(type(protocol), name)).parameters) == len(expected), name


async def test_the_state_reaches_each_request() -> None:
    """Each scope has the objects that the app's state has."""
    states: list[dict[str, object]] = []
    token = object()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        states.append(scope["state"])
        await answer_ok(scope, receive, send)

    protocol, transport = make_protocol(app, {"token": token}), RecordingTransport()
    protocol.connection_made(transport)
    for _ in range(2):
        protocol.data_received(render_post(b"x"))
        await run_ready_tasks()
    assert [state["token"] for state in states] == [token, token]
    assert transport.written.count(b"HTTP/1.1 200 OK") == 2
    protocol.connection_lost(None)


async def test_a_lost_connection_ends_the_app_but_leaves_the_transport_open() -> None:
    """A running app receives the disconnect; what it sends is dropped; a refusal can still be written."""
    messages: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        messages.extend([(await receive())["type"], (await receive())["type"]])
        await answer_ok(scope, receive, send)

    protocol, transport = make_protocol(app, {}), RecordingTransport()
    protocol.connection_made(transport)
    protocol.data_received(render_post(b"12345678")[:-1])
    await run_ready_tasks()
    protocol.connection_lost(ConnectionAbortedError())
    await run_ready_tasks()
    assert messages == ["http.request", "http.disconnect"]
    assert (transport.written, transport.closed) == (b"", False)


async def test_an_orderly_loss_cancels_the_idle_timer() -> None:
    """Otherwise the protocol of each closed connection would stay in memory until its timer ran."""
    protocol, transport = make_protocol(answer_ok, {}), RecordingTransport()
    protocol.connection_made(transport)
    protocol.data_received(render_post(b"x"))
    await run_ready_tasks()
    protocol.connection_lost(None)
    reference = weakref.ref(protocol)
    del protocol
    await run_ready_tasks()
    gc.collect()
    assert reference() is None


async def test_the_server_runs_without_sockets_and_leaves_signals_alone() -> None:
    """The bot accepts connections itself; uvicorn's server only ends the requests at shutdown."""
    before = signal.getsignal(signal.SIGTERM)
    async with run_server():
        assert signal.getsignal(signal.SIGTERM) is before
    assert signal.getsignal(signal.SIGTERM) is before
