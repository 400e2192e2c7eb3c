"""Keeps other pages in the same browser from reading or using the demo."""

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
    """Raised with a message for the person on the page; `status` is the HTTP status."""

    def __init__(self, words: str, status: int = 400) -> None:
        super().__init__(words)
        self.status = status


class OriginGuard:
    """Allows only requests to a loopback name, and POSTs only from the demo's own page."""

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
        return "The demo answers on loopback addresses only."
    if method in ("GET", "HEAD"):
        return None
    if urlsplit(headers.get("origin", "")).netloc != host:
        return "Only the demo's own page may send actions."
    if headers.get("content-type", "").partition(";")[0] != "application/json":
        return "Actions must be JSON."
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
    """Read the request's JSON object, 64 KiB at most. Raise ActionRefused."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > BODY_LIMIT:
            raise ActionRefused("That's too large.", 413)
    try:
        given = json.loads(body)
    except ValueError as error:
        raise ActionRefused("That isn't JSON.") from error
    if not isinstance(given, dict):
        raise ActionRefused("An action must be a JSON object.")
    return given
