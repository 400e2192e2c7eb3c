"""Serves tools and resources by the MCP SDK, which is imported with this module: by the first request."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Protocol, TypeVar

from mcp.server.caching import CacheHint
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.request_state import InvalidRequestState, RequestStateBoundary, RequestStateSecurity
from mcp.server.streamable_http_manager import StreamableHTTPASGIApp, StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    InputRequiredResult,
    ListResourcesResult,
    ListResourceTemplatesResult,
    ListToolsResult,
    PaginatedRequestParams,
    ReadResourceRequestParams,
    ReadResourceResult,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from bot import __version__
from bot.errors import KitestringError
from bot.listeners.mcp.callers import McpCaller, WrongRequest
from bot.listeners.mcp.tool_results import DATA_NOTE, make_error_result
from bot.listeners.rest.calls import SlackPerson
from bot.runtime.error_boundary import run_guarded
from bot.runtime.http.asgi import MEBIBYTE
from bot.store.vault import Vault

T = TypeVar("T")
_TOKEN = re.compile(r"[A-Za-z0-9_-]+={0,2}")
Context = ServerRequestContext[dict[str, Any], Any]
# A task, which an extension adds to the protocol, has no type in the SDK.
ToolResult = CallToolResult | InputRequiredResult | dict[str, Any]
INSTRUCTIONS = (
    "Kitestring runs builds in Buildkite for the person whose token you have, under the same policy, locks and "
    "approvals. Use search_operations for anything that isn't a listed tool. What changes CI is announced in "
    f"Slack with the person's name and yours. A call may wait for people's approval: it says so. {DATA_NOTE}"
)
# Milliseconds for which a client may keep lists and definitions: they change only with a release.
_LIST_TTL = 300_000


class Toolbox(Protocol):
    """Lists and carries out tools for a caller."""

    def list_tools(self, caller: McpCaller) -> ListToolsResult:
        """Return the caller's tools."""
        ...

    async def call(self, ctx: Context, caller: McpCaller, params: CallToolRequestParams) -> ToolResult:
        """Carry out a call. Raise WrongRequest for an unknown tool, KitestringError for other problems."""
        ...


class Library(Protocol):
    """Lists and reads resources for a caller."""

    def list_resources(self) -> ListResourcesResult:
        """Return the resources that have an address of their own."""
        ...

    def list_templates(self) -> ListResourceTemplatesResult:
        """Return the templates of the other addresses."""
        ...

    async def read(self, caller: McpCaller, uri: str) -> ReadResourceResult:
        """Read a resource. Raise NotFound for an unknown one, KitestringError for other problems."""
        ...


class _Handlers:
    """Answers the protocol's requests; errors for people become errors of the protocol or of the tool."""

    def __init__(self, toolbox: Toolbox, library: Library) -> None:
        self._toolbox = toolbox
        self._library = library

    async def list_tools(self, ctx: Context, _params: PaginatedRequestParams | None) -> ListToolsResult:
        return self._toolbox.list_tools(get_caller(ctx))

    async def call_tool(self, ctx: Context, params: CallToolRequestParams) -> ToolResult:
        try:
            return await run_answered(self._toolbox.call(ctx, get_caller(ctx), params), "mcp tool")
        except WrongRequest as error:
            raise MCPError(INVALID_PARAMS, str(error)) from None
        except KitestringError as error:
            return make_error_result(error)

    async def list_resources(self, _ctx: Context, _params: PaginatedRequestParams | None) -> ListResourcesResult:
        return self._library.list_resources()

    async def list_templates(
        self, _ctx: Context, _params: PaginatedRequestParams | None
    ) -> ListResourceTemplatesResult:
        return self._library.list_templates()

    async def read_resource(self, ctx: Context, params: ReadResourceRequestParams) -> ReadResourceResult:
        try:
            return await run_answered(self._library.read(get_caller(ctx), str(params.uri)), "mcp resource")
        except KitestringError as error:
            raise MCPError(INVALID_PARAMS, str(error), {"uri": str(params.uri)}) from None


class _VaultCodec:
    """Seals the state of a question with the keys of the database."""

    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    def seal(self, payload: bytes) -> str:
        return self._vault.seal(payload.decode()).decode()

    def unseal(self, token: str) -> bytes:
        # Decoding ignores what follows the padding, so a state with an appendix would pass.
        if not _TOKEN.fullmatch(token):
            raise InvalidRequestState("malformed")
        try:
            return str(self._vault.open(token.encode())).encode()
        except KitestringError:
            raise InvalidRequestState("unknown") from None


async def run_answered(work: Awaitable[T], label: str) -> T:
    """Await work; its MCPError is an answer of the protocol, while anything unexpected is logged as a bug."""

    async def keep_answer() -> T | MCPError:
        try:
            return await work
        except MCPError as answer:
            return answer

    result = await run_guarded(keep_answer(), label)
    if isinstance(result, MCPError):
        raise result
    return result


def get_caller(ctx: Context) -> McpCaller:
    """Return who sent the request; the endpoint has put them beside it."""
    caller = ctx.request.state.mcp_caller if ctx.request else None
    if not isinstance(caller, McpCaller):
        raise MCPError(INVALID_PARAMS, "The request has no caller.")
    return caller


def make_protocol_server(toolbox: Toolbox, library: Library, vault: Vault) -> Server[dict[str, Any]]:
    """Return the server of these tools and resources, for the current revision and the earlier ones.

    `vault` seals what clients carry from a question to its answer; all replicas have its keys.
    """
    handlers, hint = _Handlers(toolbox, library), CacheHint(_LIST_TTL, "private")
    server: Server[dict[str, Any]] = Server(
        "kitestring",
        version=__version__,
        title="Kitestring",
        instructions=INSTRUCTIONS,
        cache_hints={"tools/list": hint, "resources/list": hint, "resources/templates/list": hint},
        # No argument of a tool travels as a header, so there's nothing to compare.
        get_tool_input_schema=lambda _name: None,
        on_list_tools=handlers.list_tools,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_templates,
        on_read_resource=handlers.read_resource,
    )
    server.add_request_handler("tools/call", CallToolRequestParams, handlers.call_tool)
    security = RequestStateSecurity(codec=_VaultCodec(vault))
    server.middleware.append(RequestStateBoundary(security, default_audience=server.name))
    return server


@asynccontextmanager
async def run_protocol_app(server: Server[dict[str, Any]], *, stateless: bool = True) -> AsyncIterator[ASGIApp]:
    """Provide the ASGI app of a server; the requests under way end with it.

    Stateless: any replica answers any request. The endpoint in front has checked the host and the caller. Slackbot
    gets plain JSON, as the only servers get that Slack shows; others may get a stream with progress.
    """
    make = partial(StreamableHTTPSessionManager, server, stateless=stateless, max_request_body_size=MEBIBYTE)
    streaming, plain = make(), make(json_response=True)
    apps = {False: StreamableHTTPASGIApp(streaming), True: StreamableHTTPASGIApp(plain)}

    async def choose(scope: Scope, receive: Receive, send: Send) -> None:
        caller = scope["state"]["mcp_caller"]
        await apps[isinstance(caller.token, SlackPerson)](scope, receive, send)

    async with streaming.run(), plain.run():
        yield choose
