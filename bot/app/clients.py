"""Opens the clients of Slack and Buildkite as the settings say; nothing else connects from settings."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from slack_sdk.web.async_client import AsyncWebClient

from bot.buildkite.agent_api import AgentApi, PacedAgentApi
from bot.buildkite.client import Buildkite, connect
from bot.runtime.clock import Clock
from bot.runtime.http_client import open_http_client
from bot.settings import Settings
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


@asynccontextmanager
async def open_clients(
    settings: Settings, clock: Clock, count_limited: Callable[[str], None]
) -> AsyncIterator[Clients]:
    """Open all clients; `count_limited` gets the method of each call that Slack answers with 429."""
    async with (
        open_slack_clients(settings, count_limited) as slack,
        connect_buildkite(settings, clock) as buildkite,
        open_agent_api(settings, clock) as agent_api,
    ):
        yield Clients(slack, buildkite, agent_api)


@asynccontextmanager
async def open_slack_clients(
    settings: Settings, count_limited: Callable[[str], None] = ignore_limited_call
) -> AsyncIterator[SlackClients]:
    """Open Slack's clients without retries: the bot decides what may be repeated."""
    async with open_session(CALL_SECONDS, count_limited) as connections:
        web = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
            session=connections,
            retry_handlers=[],
        )
        yield SlackClients(web, SlackClient(web, connections))


def connect_buildkite(settings: Settings, clock: Clock) -> Buildkite:
    """Return the client for the bot's own token, for `async with`."""
    return connect(
        settings.buildkite_api_token.get_secret_value(),
        settings.buildkite_organization_slug,
        endpoint=settings.buildkite_rest_api_endpoint,
        clock=clock,
    )


@asynccontextmanager
async def open_agent_api(settings: Settings, clock: Clock) -> AsyncIterator[AgentApi | None]:
    """Open the Agent API with its own connections; None without an agent token."""
    if settings.buildkite_agent_token is None:
        yield None
        return
    async with open_http_client() as http:
        token = settings.buildkite_agent_token.get_secret_value()
        yield PacedAgentApi(http, token, settings.buildkite_agent_endpoint, clock=clock)
