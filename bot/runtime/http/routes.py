"""What is served over HTTP: Slack's requests, Buildkite's webhooks, and whether the bot is well."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.runtime.http.fast_path import Taker

SLACK = "/slack/events"
BUILDKITE = "/buildkite/webhooks"
# The page for Prometheus, as it is now.
Figures = Callable[[], Awaitable[bytes]]
# What is wrong, in a few words; None when all is well.
Ready = Callable[[], Awaitable[str | None]]


class Router:
    """The two busy paths go straight to their callables; the router sees the rest.

    `straight` are those who take what is plain from the connection itself, by path.
    """

    def __init__(
        self, slack: ASGIApp | None, buildkite: ASGIApp | None, rest: ASGIApp, acked: Callable[[float], None]
    ) -> None:
        self.straight: dict[str, Taker] = {BUILDKITE: buildkite} if isinstance(buildkite, Taker) else {}
        known = {SLACK: slack and timed(slack, acked), BUILDKITE: buildkite}
        self._straight = {path: app for path, app in known.items() if app is not None}
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._straight.get(scope.get("path", ""), self._rest)
        await app(scope, receive, send)


def timed(app: ASGIApp, acked: Callable[[float], None]) -> ASGIApp:
    """Tells how long each request took, in seconds."""

    async def measured(scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        await app(scope, receive, send)
        acked(time.perf_counter() - begun)

    return measured


def rest(ready: Ready, metrics: Figures | None, token: str = "") -> Starlette:
    """Health; and metrics, where they have no port of their own."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_request: Request) -> Response:
        wrong = await ready()
        return JSONResponse({"ready": wrong is None, "reason": wrong}, status_code=503 if wrong else 200)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *([_page(metrics, token)] if metrics else []),
        ],
    )


def figures(metrics: Figures, token: str = "") -> Starlette:
    """Metrics alone, for a port of their own."""
    return Starlette(routes=[_page(metrics, token)])


def _page(metrics: Figures, token: str) -> Route:
    """For whoever brings the token; without one for this machine only."""

    async def page(request: Request) -> Response:
        if token and not _brings(request, token):
            headers = {"www-authenticate": "Bearer"}
            return PlainTextResponse("Metrics need the token.\n", status_code=401, headers=headers)
        if not token and not _local(request):
            return PlainTextResponse("Metrics are for this machine only.\n", status_code=403)
        return Response(await metrics(), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", page)


def _brings(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _local(request: Request) -> bool:
    """From this machine, and not through a proxy on it."""
    if "x-forwarded-for" in request.headers or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
