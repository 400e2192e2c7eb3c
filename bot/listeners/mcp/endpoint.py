"""Answers HTTP requests to the MCP endpoint: host, token and address are checked before the SDK is imported.

https://modelcontextprotocol.io/specification/2026-07-28/basic/transports
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.errors import KitestringError, NotFound
from bot.listeners.mcp.callers import McpCaller
from bot.listeners.mcp.slackbot import SlackbotGuard, SlackbotRequest
from bot.listeners.mcp.toolsets import ROOT, Toolset, parse_toolset
from bot.listeners.rest.problems import RequestProblem, explain_error, render_problem
from bot.listeners.rest.token_gate import Admitted
from bot.operations.registry import Registry
from bot.runtime.error_boundary import run_guarded
from bot.runtime.http.asgi import replay_body
from bot.slack.manifest import SLACKBOT_PATH

METADATA = "/.well-known/oauth-protected-resource"
SIGN_IN_PATHS = ("/oauth/", "/.well-known/oauth-authorization-server")
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
Admit = Callable[[Request], Awaitable[Admitted]]
# Provides the app that speaks the protocol; it takes a while, because it imports the SDK.
OpenApp = Callable[[], AbstractAsyncContextManager[ASGIApp]]


class PublicAddress(NamedTuple):
    """The bot's public URL, empty if it isn't known; then only this machine may use the endpoint."""

    url: str

    def accepts_host(self, host: str) -> bool:
        """Return whether a request may name this host: a page that rebinds its own name to ours may not."""
        return bool(host) and (_get_name(host) in _LOOPBACK or host == urlsplit(self.url).netloc)

    def accepts_origin(self, origin: str) -> bool:
        """Return whether a page of this origin may call; programs send none."""
        return not origin or self.accepts_host(urlsplit(origin).netloc)

    def build_url(self, request: Request, path: str) -> str:
        """Return the address of a path as the client reaches it."""
        base = self.url.rstrip("/") or f"{request.url.scheme}://{request.url.netloc}"
        return f"{base}{path}"


class McpEndpoint:
    """Lets callers with a valid token through to the protocol's app, which the first of them opens."""

    def __init__(
        self,
        address: PublicAddress,
        registry: Registry,
        admit: Admit,
        open_app: OpenApp,
        slackbot: SlackbotGuard | None = None,
        sign_in: ASGIApp | None = None,
    ) -> None:
        self._address = address
        self._registry = registry
        self._admit = admit
        self._host = _AppHost(open_app)
        self._slackbot = slackbot
        self._sign_in = sign_in

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to the endpoint, or for its metadata."""
        try:
            request = Request(scope, receive)
            answer = await run_guarded(self._check(request), "mcp")
        except KitestringError as error:
            answer = render_problem(explain_error(error))
        if not isinstance(answer, McpCaller | SlackbotRequest):
            await answer(scope, receive, send)
            return
        app = await self._host.get()
        if isinstance(answer, SlackbotRequest):
            receive = replay_body(answer.body, receive)
            answer = McpCaller(answer.person, Toolset())
        await app({**scope, "state": {**scope.get("state", {}), "mcp_caller": answer}}, receive, send)

    @property
    def is_open(self) -> bool:
        """Return whether the protocol's app is in use."""
        return self._host.is_open

    async def close(self) -> None:
        """End the requests under way."""
        await self._host.close()

    async def _check(self, request: Request) -> McpCaller | SlackbotRequest | ASGIApp:
        """Return who calls, or what answers a request that is for anyone. Raise RequestProblem."""
        path = request.url.path
        if self._sign_in and path.startswith(SIGN_IN_PATHS):
            self._check_host(request)
            return self._sign_in
        self._check_origin(request)
        if path.startswith(METADATA):
            return self._describe_resource(request, path.removeprefix(METADATA) or ROOT)
        if path == SLACKBOT_PATH and self._slackbot:
            return await self._slackbot.admit(request)
        toolset = self._parse_path(path)
        try:
            admitted = await self._admit(request)
        except RequestProblem as problem:
            raise self._point_to_metadata(request, problem) from None
        return McpCaller(admitted.token, toolset)

    def _check_origin(self, request: Request) -> None:
        self._check_host(request)
        if not self._address.accepts_origin(request.headers.get("origin", "")):
            raise RequestProblem("refused", "Pages of this origin may not call the endpoint.")

    def _check_host(self, request: Request) -> None:
        if not self._address.accepts_host(request.headers.get("host", "")):
            advice = "Use the address that KITESTRING_URL names, or localhost on the bot's own machine."
            raise RequestProblem("misdirected", "This server answers to another name.", advice)

    def _parse_path(self, path: str) -> Toolset:
        try:
            return parse_toolset(path, self._registry)
        except NotFound as error:
            raise RequestProblem("unknown-path", error.message, error.hint) from None

    def _point_to_metadata(self, request: Request, problem: RequestProblem) -> RequestProblem:
        """Add to the refusal of a token where the endpoint is described.

        https://datatracker.ietf.org/doc/html/rfc9728#section-5.1
        """
        if challenge := problem.headers.get("www-authenticate"):
            url = self._address.build_url(request, f"{METADATA}{request.url.path}")
            problem.headers["www-authenticate"] = f'{challenge}, resource_metadata="{url}"'
        return problem

    def _describe_resource(self, request: Request, path: str) -> Response:
        """Describe the endpoint to clients that look for how to authorise.

        https://datatracker.ietf.org/doc/html/rfc9728#section-2
        """
        self._parse_path(path)
        servers = {"authorization_servers": [self._address.url.rstrip("/")]} if self._sign_in else {}
        described = {
            **servers,
            "resource": self._address.build_url(request, path),
            "resource_name": "Kitestring",
            "bearer_methods_supported": ["header"],
        }
        return JSONResponse(described, headers={"cache-control": "max-age=3600"})


class _AppHost:
    """Keeps the protocol's app open from its first use to the end of the process, in a task of its own."""

    def __init__(self, open_app: OpenApp) -> None:
        self._open_app = open_app
        self._task: asyncio.Task[None] | None = None
        self._app: asyncio.Future[ASGIApp] | None = None
        self._ended = asyncio.Event()

    @property
    def is_open(self) -> bool:
        return self._app is not None

    async def get(self) -> ASGIApp:
        """Return the app; the first call opens it. Raise what opening it raised."""
        if self._app is None:
            self._app = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._run(self._app), name="mcp")
        return await asyncio.shield(self._app)

    async def _run(self, opened: asyncio.Future[ASGIApp]) -> None:
        try:
            async with self._open_app() as app:
                opened.set_result(app)
                await self._ended.wait()
        except Exception as error:
            if opened.done():
                raise
            opened.set_exception(error)
            self._app = None

    async def close(self) -> None:
        """Close the app, if it was opened."""
        self._ended.set()
        if self._task:
            await asyncio.wait({self._task})
            if not self._task.cancelled():
                self._task.result()


def _get_name(host: str) -> str:
    """Return a host without its port; an IPv6 address keeps its brackets."""
    return host[: host.index("]") + 1] if host.startswith("[") and "]" in host else host.partition(":")[0]
