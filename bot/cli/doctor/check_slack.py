"""The Slack side of the doctor: token, scopes, Socket Mode."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.cli.doctor.check_clock import Dates
from bot.cli.doctor.finding import Finding
from bot.settings import Settings
from bot.slack.manifest import bot_scopes
from bot.slack.session import session
from bot.slack.web_client import SlackClient

TIMEOUT = 10.0
APPS = "https://api.slack.com/apps"
NETWORK = "Check the network, and SLACK_API_URL if set."
UNREACHED = (aiohttp.ClientError, TimeoutError, OSError)


async def slack(settings: Settings, dates: Dates) -> tuple[Finding, ...]:
    """What Slack says of the tokens; each method is called once and never repeated."""
    async with _client(settings) as (client, _):
        return (*await _token(client, dates), await _requests(client, settings))


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[SlackClient]:
    """Slack's methods as the bot calls them, for other looks."""
    async with _client(settings) as (client, connections):
        yield SlackClient(client, connections)


@asynccontextmanager
async def _client(settings: Settings) -> AsyncIterator[tuple[AsyncWebClient, aiohttp.ClientSession]]:
    """Each method is called once: who looks wants to see what is there, not what comes of trying again."""
    async with session(TIMEOUT) as connections:
        client = AsyncWebClient(
            token=settings.slack_bot_token.get_secret_value(),
            base_url=settings.slack_api_url,
            session=connections,
            retry_handlers=[],
        )
        yield client, connections


async def _token(client: AsyncWebClient, dates: Dates) -> tuple[Finding, ...]:
    """https://docs.slack.dev/reference/methods/auth.test"""
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        reason = _reason(error)
        return (
            Finding("Slack token", False, f"Slack answers {reason}.", _remedy(reason)),
            Finding("Slack scopes", None, "not known without a working token."),
        )
    except UNREACHED:
        return (
            Finding("Slack token", False, "Slack cannot be reached.", NETWORK),
            Finding("Slack scopes", None, "not known while Slack cannot be reached."),
        )
    dates.hear("Slack", answer.headers)
    who = Finding("Slack token", True, f"@{answer.get('user')} in the workspace {answer.get('team')}.")
    return who, _scopes(answer)


def _scopes(answer: AsyncSlackResponse) -> Finding:
    """Every answer names the scopes that were granted in `x-oauth-scopes`."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")} - {""}
    if not granted:
        return Finding("Slack scopes", None, "Slack did not say which are granted.")
    missing = sorted(bot_scopes() - granted)
    if missing:
        return Finding(
            "Slack scopes",
            False,
            f"not granted: {', '.join(missing)}.",
            f"Paste the output of `kitestring manifest` at {APPS} → App Manifest, then reinstall the app.",
        )
    spare = sorted(granted - bot_scopes())
    also = f"; granted and not used: {', '.join(spare)}" if spare else ""
    return Finding("Slack scopes", True, f"all {len(bot_scopes())} of the manifest{also}.")


async def _requests(client: AsyncWebClient, settings: Settings) -> Finding:
    """https://docs.slack.dev/reference/methods/apps.connections.open (about one a minute)"""
    if settings.slack_app_token is None:
        return Finding(
            "Slack requests",
            None,
            "come by HTTP; whether Slack reaches /slack/events cannot be seen from inside.",
            f"At {APPS} → Event Subscriptions the Request URL must say Verified.",
        )
    name = "Socket Mode"
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        reason = _reason(error)
        if reason == "ratelimited":
            return Finding(name, None, "Slack allows one try a minute.", "Ask again in a minute.")
        return Finding(
            name,
            False,
            f"Slack answers {reason}.",
            f"Make an app-level token with connections:write at {APPS} → Basic Information, "
            "put it in SLACK_APP_TOKEN, and switch Socket Mode on.",
        )
    except UNREACHED:
        return Finding(name, False, "Slack cannot be reached.", NETWORK)
    return Finding(name, True, "Slack offers a connection.")


def _reason(error: SlackApiError) -> str:
    """Slack's own word for it; a proxy's page or plain words have none."""
    data = error.response.data
    word = data.get("error") if isinstance(data, dict) else None
    return str(word or f"with HTTP {error.response.status_code}")


def _remedy(reason: str) -> str:
    if reason in {"ratelimited", "internal_error", "fatal_error", "service_unavailable"} or "HTTP 5" in reason:
        return "Ask again in a minute."
    return f"Copy the Bot User OAuth Token from {APPS} → OAuth & Permissions into SLACK_BOT_TOKEN."
