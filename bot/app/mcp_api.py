"""Builds the MCP endpoint, whose SDK is imported by its first request with a valid token."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp, Receive, Scope, Send

from bot.access.api_tokens.client_tokens import ClientTokens
from bot.access.api_tokens.service import GONE
from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction, find_signing_secret
from bot.app.rest_api import build_calls
from bot.errors import Refused
from bot.listeners.mcp.endpoint import McpEndpoint, PublicAddress
from bot.listeners.mcp.slackbot import SlackbotGuard
from bot.listeners.rest.token_gate import TokenGate
from bot.settings import Settings
from bot.slack.sign_in import SlackIdentity, SlackSignIn
from bot.slack.types import Thread


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
    sign_in = _build_sign_in(settings, deps, interaction)
    return McpEndpoint(address, deps.operations, token_gate.admit, open_app, slackbot, sign_in)


def _build_sign_in(settings: Settings, deps: Dependencies, interaction: Interaction) -> ASGIApp | None:
    """Build what people sign in by, which is imported by its first request; None where it isn't set up."""
    client, secret, url = (
        settings.slack_sign_in_client_id,
        settings.slack_sign_in_client_secret,
        settings.kitestring_url,
    )
    if not (client and secret and url):
        return None
    base, slack = (
        url.rstrip("/"),
        SlackSignIn(deps.slack.web, deps.platform.clock, client, secret.get_secret_value()),
    )
    built: list[ASGIApp] = []

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if not built:
            await asyncio.to_thread(_import_sign_in)
            built.append(_make_sign_in_app(base, slack, deps, interaction))
        await built[0](scope, receive, send)

    return answer


def _import_sign_in() -> None:
    import bot.listeners.mcp.sign_in_app  # noqa: F401  (imported for later)


def _make_sign_in_app(base: str, slack: SlackSignIn, deps: Dependencies, interaction: Interaction) -> ASGIApp:
    from bot.listeners.mcp.sign_in_app import make_sign_in_app
    from bot.listeners.mcp.sign_in_pages import SignInPages
    from bot.listeners.mcp.sign_in_provider import Sealer, SignInProvider

    platform, team, policy = deps.platform, deps.slack.identity.team, interaction.services.person.policy
    tokens, sealer = ClientTokens(platform.store, platform.clock, team), Sealer(platform.vault)

    async def require_member(identity: SlackIdentity) -> None:
        actor = await deps.slack.people.find_actor(identity.user, Thread(team, ""), "mcp")
        refusal = policy.find_blanket_refusal(actor, deps.operations["api-token create"], anywhere=True)
        if actor.standing in GONE or refusal:
            raise Refused(
                "You may not let programs act for you here.", "Ask an admin of the workspace.", "sign-in"
            )

    provider = SignInProvider(base, sealer, tokens, platform.clock)
    pages = SignInPages(base, team, sealer, slack, tokens, require_member, platform.clock)
    return make_sign_in_app(base, provider, pages)


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
