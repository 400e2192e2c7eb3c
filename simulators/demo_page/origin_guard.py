"""Keeps other pages of the same browser from reading or driving the stage."""

import json
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_LIMIT = 64 * 1024
HOSTS = ("127.0.0.1", "localhost", "[::1]")
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class ActionRefused(Exception):
    """What the page tells the person; `status` is the HTTP status."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


class OriginGuard:
    """Lets in only requests to a loopback name, and POSTs only from the stage's own page."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        complaint = _find_complaint(scope["method"], Headers(scope=scope))
        app = JSONResponse({"problem": complaint}, 403) if complaint else self._app
        await app(scope, receive, _add_headers(send))


def _find_complaint(method: str, headers: Headers) -> str | None:
    host = headers.get("host", "")
    if host.rpartition(":")[0] not in HOSTS and host not in HOSTS:
        return "The stage answers on loopback addresses only."
    if method in ("GET", "HEAD"):
        return None
    if urlsplit(headers.get("origin", "")).netloc != host:
        return "Only the stage's own page may act on it."
    if headers.get("content-type", "").partition(";")[0] != "application/json":
        return "Acts are JSON."
    return None


def _add_headers(send: Send) -> Send:
    async def run(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
        await send(message)

    return run


async def read_object(request: Request) -> dict[str, Any]:
    """The JSON object of a request, 64 KiB at most. Raises Problem."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise ActionRefused("That is too much at once.", 413)
    try:
        given = json.loads(body)
    except ValueError as error:
        raise ActionRefused("That is not JSON.") from error
    if not isinstance(given, dict):
        raise ActionRefused("An act is a JSON object.")
    return given
