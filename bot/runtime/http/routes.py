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

from bot.runtime.http.fast_path import FastHandler

SLACK = "/slack/events"
BUILDKITE = "/buildkite/webhooks"
# The page for Prometheus, as it is now.
RenderMetrics = Callable[[], Awaitable[bytes]]
# What is wrong, in a few words; None when all is well.
CheckReadiness = Callable[[], Awaitable[str | None]]


class Router:
    """The two busy paths go straight to their callables; the router sees the rest.

    `straight` are those who take what is plain from the connection itself, by path.
    """

    def __init__(
        self, slack: ASGIApp | None, buildkite: ASGIApp | None, rest: ASGIApp, record_seconds: Callable[[float], None]
    ) -> None:
        self.fast_handlers: dict[str, FastHandler] = {BUILDKITE: buildkite} if isinstance(buildkite, FastHandler) else {}
        known = {SLACK: slack and time_requests(slack, record_seconds), BUILDKITE: buildkite}
        self._apps = {path: app for path, app in known.items() if app is not None}
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._apps.get(scope.get("path", ""), self._rest)
        await app(scope, receive, send)


def time_requests(app: ASGIApp, record_seconds: Callable[[float], None]) -> ASGIApp:
    """Tells how long each request took, in seconds."""

    async def run_timed(scope: Scope, receive: Receive, send: Send) -> None:
        begun = time.perf_counter()
        await app(scope, receive, send)
        record_seconds(time.perf_counter() - begun)

    return run_timed


def make_health_app(ready: CheckReadiness, metrics: RenderMetrics | None, token: str = "") -> Starlette:
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
            *([_make_metrics_route(metrics, token)] if metrics else []),
        ],
    )


def make_metrics_app(metrics: RenderMetrics, token: str = "") -> Starlette:
    """Metrics alone, for a port of their own."""
    return Starlette(routes=[_make_metrics_route(metrics, token)])


def _make_metrics_route(metrics: RenderMetrics, token: str) -> Route:
    """For whoever brings the token; without one for this machine only."""

    async def page(request: Request) -> Response:
        if token and not _has_token(request, token):
            headers = {"www-authenticate": "Bearer"}
            return PlainTextResponse("Metrics need the token.\n", status_code=401, headers=headers)
        if not token and not _is_local(request):
            return PlainTextResponse("Metrics are for this machine only.\n", status_code=403)
        return Response(await metrics(), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", page)


def _has_token(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _is_local(request: Request) -> bool:
    """From this machine, and not through a proxy on it."""
    if "x-forwarded-for" in request.headers or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
