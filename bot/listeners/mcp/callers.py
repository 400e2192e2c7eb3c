"""Callers of the MCP endpoint, and the errors of their requests."""

from __future__ import annotations

from dataclasses import dataclass

from bot.errors import KitestringError
from bot.listeners.mcp.toolsets import Toolset
from bot.listeners.rest.calls import ApiCaller


class WrongRequest(KitestringError):
    """The request itself is wrong, such as a tool that the address doesn't offer."""


@dataclass(frozen=True)
class McpCaller:
    """The bearer of a valid token, or a person who asks Slackbot; and the tools of the address that they use."""

    token: ApiCaller
    toolset: Toolset
