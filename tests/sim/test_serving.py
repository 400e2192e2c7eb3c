"""A served application answers over real HTTP and stops at once, whatever is open."""

import asyncio
import ssl
from collections.abc import AsyncIterator

import aiohttp
import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from simulators.http_server import Serving

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # HTTP only: loading authorities takes time


async def hello(_request: Request) -> Response:
    return PlainTextResponse("hello")


async def stream(_request: Request) -> Response:
    async def lines() -> AsyncIterator[str]:
        yield "data: 1\n\n"
        await asyncio.Event().wait()

    return StreamingResponse(lines(), media_type="text/event-stream")


async def socket(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_text("hello")
    try:
        await websocket.receive_text()
    except WebSocketDisconnect:
        return


@pytest.fixture
def app() -> Starlette:
    return Starlette(routes=[Route("/", hello), Route("/stream", stream), WebSocketRoute("/socket", socket)])


async def test_two_applications_at_once(app: Starlette) -> None:
    """Each served application gets its own free loopback port."""
    async with Serving(app) as item, Serving(app) as two, httpx.AsyncClient(verify=PLAIN) as client:
        assert item != two
        assert item.startswith("http://127.0.0.1:")
        assert [(await client.get(base)).text for base in (item, two)] == ["hello", "hello"]


async def test_open_streams_do_not_delay_leaving(app: Starlette) -> None:
    """Leaving closes an open event stream and an open websocket, and frees the port."""
    async with httpx.AsyncClient(verify=PLAIN) as client, aiohttp.ClientSession() as session:
        async with Serving(app) as base:
            opened = client.stream("GET", f"{base}/stream")
            lines = (await opened.__aenter__()).aiter_text()
            assert await anext(lines) == "data: 1\n\n"
            websocket = await session.ws_connect(f"{base}/socket")
            assert await websocket.receive_str() == "hello"
        with pytest.raises(httpx.TransportError):
            await anext(lines)
        assert (await websocket.receive()).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)
        await opened.__aexit__(None, None, None)
        with pytest.raises(httpx.ConnectError):
            await client.get(base)


async def test_a_taken_port_is_an_error(app: Starlette) -> None:
    """A taken port is refused with OSError before anything starts."""
    async with Serving(app) as base:
        with pytest.raises(OSError, match="in use"):
            await Serving(app, port=int(base.rsplit(":", 1)[1])).__aenter__()
