"""Builds the MCP endpoint, whose SDK is imported by its first request with a valid token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction, find_signing_secret
from bot.app.rest_api import build_calls
from bot.listeners.mcp.endpoint import McpEndpoint, PublicAddress
from bot.listeners.mcp.slackbot import SlackbotGuard
from bot.listeners.rest.token_gate import TokenGate
from bot.settings import Settings


def build_mcp_endpoint(
    settings: Settings, token_gate: TokenGate, deps: Dependencies, interaction: Interaction
) -> McpEndpoint:
    """Build the endpoint on the services that Slack's requests use."""

    @asynccontextmanager
    async def open_app() -> AsyncIterator[ASGIApp]:
        # Importing the SDK takes half a second, in which Slack's requests must be answered.
        await asyncio.to_thread(_import_sdk)
        async with _open_protocol_app(deps, interaction) as app:
            yield app

    address = PublicAddress(settings.kitestring_url or "")
    slackbot = _build_slackbot_guard(deps) if settings.kitestring_slackbot == "on" else None
    return McpEndpoint(address, deps.operations, token_gate.admit, open_app, slackbot)


def _build_slackbot_guard(deps: Dependencies) -> SlackbotGuard | None:
    """Build what admits Slackbot; None in Socket Mode, where there's no secret to verify its requests by."""
    secret = find_signing_secret(deps)
    return SlackbotGuard(secret, deps.slack.identity.team, deps.platform.clock) if secret else None


def _import_sdk() -> None:
    import bot.listeners.mcp.operation_tools
    import bot.listeners.mcp.protocol_server  # noqa: F401  (imported for later)


@asynccontextmanager
async def _open_protocol_app(deps: Dependencies, interaction: Interaction) -> AsyncIterator[ASGIApp]:
    from bot.listeners.mcp.build_waiting import BuildWaiting
    from bot.listeners.mcp.operation_resources import OperationResources
    from bot.listeners.mcp.operation_tools import OperationTools
    from bot.listeners.mcp.protocol_server import get_caller, make_protocol_server, run_protocol_app
    from bot.listeners.mcp.tasks import TaskHandlers

    calls, operations = build_calls(deps, interaction, "mcp"), deps.operations
    waiting = BuildWaiting(operations["build view"], calls, deps.platform.store, deps.platform.clock)
    tools = OperationTools(operations, calls, waiting)
    server = make_protocol_server(tools, OperationResources(operations, calls), deps.platform.vault)
    TaskHandlers(tools, get_caller).register(server)
    async with run_protocol_app(server) as app:
        yield app
