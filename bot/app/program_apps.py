"""Builds the applications for programs, each for its first request only, because many bots never get one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from starlette.types import Receive, Scope, Send

from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.listeners.mcp.endpoint import McpEndpoint
    from bot.listeners.rest.app import RestApi
    from bot.listeners.rest.token_gate import TokenGate
    from bot.listeners.skills.pages import SkillPages


class ProgramApps:
    """The REST API and the MCP endpoint; a token's requests to both count together."""

    def __init__(self, settings: Settings, deps: Dependencies, interaction: Interaction) -> None:
        self._settings = settings
        self._deps = deps
        self._interaction = interaction
        self._opened_mcp: McpEndpoint | None = None

    async def answer_rest(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to the REST API."""
        await self._rest(scope, receive, send)

    async def answer_mcp(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request to the MCP endpoint."""
        await self._mcp(scope, receive, send)

    async def answer_skills(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request for the Agent Skill."""
        await self._skills(scope, receive, send)

    async def close(self) -> None:
        """End the requests under way."""
        if self._opened_mcp:
            await self._opened_mcp.close()

    @property
    def serves_mcp(self) -> bool:
        """Return whether an agent has come, so that the protocol's SDK is in use."""
        return self._opened_mcp is not None and self._opened_mcp.is_open

    @cached_property
    def _token_gate(self) -> TokenGate:
        from bot.app.rest_api import build_token_gate

        return build_token_gate(self._settings, self._deps, self._interaction)

    @cached_property
    def _rest(self) -> RestApi:
        from bot.app.rest_api import build_rest_api

        return build_rest_api(self._token_gate, self._deps, self._interaction)

    @cached_property
    def _skills(self) -> SkillPages:
        from bot.listeners.skills.pages import SkillPages

        return SkillPages(self._deps.operations)

    @cached_property
    def _mcp(self) -> McpEndpoint:
        from bot.app.mcp_api import build_mcp_endpoint

        self._opened_mcp = build_mcp_endpoint(self._settings, self._token_gate, self._deps, self._interaction)
        return self._opened_mcp
