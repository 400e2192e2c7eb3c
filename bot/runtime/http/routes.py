"""Routes HTTP requests: Slack's requests, Buildkite's webhooks, health and metrics."""

from __future__ import annotations

import hmac
import ipaddress
import time
from collections.abc import Awaitable, Callable, Mapping

from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.runtime.http.fast_path import FastHandler

SLACK = "/slack/events"
BUILDKITE = "/buildkite/webhooks"
# Renders the metrics page for Prometheus.
RenderMetrics = Callable[[], Awaitable[bytes]]
# Returns what keeps the bot from being ready, in a few words; None if it is ready.
CheckReadiness = Callable[[], Awaitable[str | None]]


class Router:
    """Sends the two busy paths to their apps by a dictionary, and everything else to Starlette's router.

    `programs`, by the first part of their paths, are the apps for programs. `fast_handlers`, by path, are the apps
    that can take plain requests from the connection itself.
    """

    def __init__(
        self,
        slack: ASGIApp | None,
        buildkite: ASGIApp | None,
        rest: ASGIApp,
        record_seconds: Callable[[float], None],
        programs: Mapping[str, ASGIApp] | None = None,
    ) -> None:
        self.fast_handlers: dict[str, FastHandler] = (
            {BUILDKITE: buildkite} if isinstance(buildkite, FastHandler) else {}
        )
        apps = {SLACK: slack and time_requests(slack, record_seconds), BUILDKITE: buildkite}
        self._apps = {path: app for path, app in apps.items() if app is not None}
        self._rest = rest
        self._programs = programs or {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        app = self._apps.get(path, self._rest)
        if app is self._rest:
            app = self._programs.get(path.split("/", 2)[1], app) if "/" in path else app
        await app(scope, receive, send)


def time_requests(app: ASGIApp, record_seconds: Callable[[float], None]) -> ASGIApp:
    """Wrap `app` so that the duration of each request is recorded, in seconds."""

    async def run_timed(scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        await app(scope, receive, send)
        record_seconds(time.perf_counter() - started)

    return run_timed


def make_health_app(ready: CheckReadiness, metrics: RenderMetrics | None, token: str = "") -> Starlette:
    """Make the app for health checks, and for metrics unless they have a port of their own."""

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def readyz(_request: Request) -> Response:
        reason = await ready()
        return JSONResponse({"ready": reason is None, "reason": reason}, status_code=503 if reason else 200)

    return Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            *([_make_metrics_route(metrics, token)] if metrics else []),
        ],
    )


def make_metrics_app(metrics: RenderMetrics, token: str = "") -> Starlette:
    """Make the app that serves metrics on a port of their own."""
    return Starlette(routes=[_make_metrics_route(metrics, token)])


def _make_metrics_route(metrics: RenderMetrics, token: str) -> Route:
    """Make the metrics route: for requests with the token, or, if none is set, for this machine only."""

    async def page(request: Request) -> Response:
        if token and not _has_token(request, token):
            headers = {"www-authenticate": "Bearer"}
            return PlainTextResponse("Metrics need a bearer token.\n", status_code=401, headers=headers)
        if not token and not _is_local(request):
            return PlainTextResponse("Metrics are only available on this machine.\n", status_code=403)
        return Response(await metrics(), media_type=CONTENT_TYPE_LATEST)

    return Route("/metrics", page)


def _has_token(request: Request, token: str) -> bool:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _is_local(request: Request) -> bool:
    """Return whether the request comes from this machine, and not through a proxy that runs on it."""
    if "x-forwarded-for" in request.headers or request.client is None:
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
