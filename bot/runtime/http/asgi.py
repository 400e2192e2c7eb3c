"""Provides small ASGI helpers shared by the endpoints: read a body within limits, get a header, answer JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from starlette.types import Message, Receive, Scope, Send

MEBIBYTE = 1024 * 1024


class Rejected(Exception):
    """A request that is answered with `status` and a sentence instead of being handled.

    `reason` is the value of its label in the metrics.
    """

    def __init__(self, status: int, reason: str, text: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(text)
        self.status = status
        self.reason = reason
        self.text = text
        self.headers = headers or {}


class Disconnected(Exception):
    """The client disconnected before its body was complete, so that it can't be answered."""


def get_header(scope: Scope, name: bytes) -> str:
    """Return the value of the header `name` (lower case), the first of several, or an empty string."""
    for key, value in scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def get_media_type(scope: Scope) -> str:
    """Return the content type in lower case, without its parameters."""
    return get_header(scope, b"content-type").split(";")[0].strip().lower()


def check_request(scope: Scope, media_types: tuple[str, ...], limit: int = MEBIBYTE) -> None:
    """Raise Rejected (405, 415 or 413) if the request can be refused before its body is read."""
    if scope["method"] != "POST":
        raise Rejected(405, "method", "Only POST is allowed.", {"allow": "POST"})
    if get_media_type(scope) not in media_types:
        raise Rejected(415, "type", f"The content type must be {' or '.join(media_types)}.")
    declared = get_header(scope, b"content-length")
    if declared.isascii() and declared.isdecimal() and int(declared[:20]) > limit:
        raise _reject_too_large(limit)


async def read_body(receive: Receive, limit: int = MEBIBYTE, seconds: float = 10) -> bytes:
    """Return the whole body, of at most `limit` bytes, read within `seconds`.

    Raise Rejected (413 or 408) or Disconnected.
    """
    try:
        async with asyncio.timeout(seconds):
            return await _read_chunks(receive, limit)
    except TimeoutError:
        raise Rejected(408, "slow", "The body took too long to arrive.", {"connection": "close"}) from None


async def _read_chunks(receive: Receive, limit: int) -> bytes:
    chunks = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Disconnected
        chunks += message.get("body", b"")
        if len(chunks) > limit:
            raise _reject_too_large(limit, {"connection": "close"})
        if not message.get("more_body", False):
            return bytes(chunks)


def replay_body(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that yields `body` once, and then the connection's further messages."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


async def send_json(
    send: Send, status: int, content: Mapping[str, object], headers: dict[str, str] | None = None
) -> None:
    """Send `content` as JSON."""
    body = json.dumps(content).encode()
    fields = {"content-type": "application/json", "content-length": str(len(body)), **(headers or {})}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in fields.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


async def send_rejection(send: Send, rejection: Rejected) -> None:
    """Answer with the rejection's status and sentence."""
    await send_json(send, rejection.status, {"error": rejection.text}, rejection.headers)


def _reject_too_large(limit: int, headers: dict[str, str] | None = None) -> Rejected:
    return Rejected(413, "size", f"The body may have at most {limit} bytes.", headers)
