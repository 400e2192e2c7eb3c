"""Opens the clients of a workspace; nothing else connects to Slack or Buildkite."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from slack_sdk.web.async_client import AsyncWebClient

from bot.app.emoji_cache import EmojiCache
from bot.app.workspace import BuildkiteSettings, SlackApp, Workspace
from bot.buildkite.agent_api import AgentApi, PacedAgentApi
from bot.buildkite.client import Buildkite, connect
from bot.runtime.clock import Clock
from bot.runtime.http_client import open_http_client
from bot.slack.blockkit.blocks import Message
from bot.slack.session import ignore_limited_call, open_session
from bot.slack.web_client import SlackClient
from bot.store.leader import CALL_SECONDS


class SlackClients(NamedTuple):
    """Slack's own client, and the bot's on top of it; both use the same connections."""

    web: AsyncWebClient
    api: SlackClient


class Clients(NamedTuple):
    """The clients of both vendors; the Agent API is None without an agent token."""

    slack: SlackClients
    buildkite: Buildkite
    agent_api: AgentApi | None
    emoji_cache: EmojiCache


@asynccontextmanager
async def open_clients(
    workspace: Workspace, clock: Clock, count_limited: Callable[[str], None]
) -> AsyncIterator[Clients]:
    """Open all clients; `count_limited` gets the method of each call that Slack answers with 429."""
    organization = workspace.organization
    async with (
        connect_buildkite(organization, clock) as buildkite,
        open_agent_api(organization, clock) as agent_api,
    ):
        emoji_cache = EmojiCache(buildkite.for_background().emojis, clock)
        render_emoji = emoji_cache.replace_emoji_codes
        async with open_slack_clients(workspace.slack, count_limited, render_emoji) as slack:
            yield Clients(slack, buildkite, agent_api, emoji_cache)


@asynccontextmanager
async def open_slack_clients(
    app: SlackApp,
    count_limited: Callable[[str], None] = ignore_limited_call,
    render_emoji: Callable[[Message], Message] = lambda message: message,
) -> AsyncIterator[SlackClients]:
    """Open Slack's clients without retries: the bot decides what may be repeated."""
    async with open_session(CALL_SECONDS, count_limited) as connections:
        web = AsyncWebClient(
            token=app.bot_token.get_secret_value(),
            base_url=app.api_url,
            session=connections,
            retry_handlers=[],
        )
        yield SlackClients(web, SlackClient(web, connections, render_emoji))


def connect_buildkite(organization: BuildkiteSettings, clock: Clock) -> Buildkite:
    """Return the client for the bot's own token, for `async with`."""
    return connect(
        organization.api_token.get_secret_value(),
        organization.slug,
        endpoint=organization.endpoint,
        clock=clock,
    )


@asynccontextmanager
async def open_agent_api(organization: BuildkiteSettings, clock: Clock) -> AsyncIterator[AgentApi | None]:
    """Open the Agent API with its own connections; None without an agent token."""
    if organization.agent_token is None:
        yield None
        return
    async with open_http_client() as http:
        token = organization.agent_token.get_secret_value()
        yield PacedAgentApi(http, token, organization.agent_endpoint, clock=clock)
