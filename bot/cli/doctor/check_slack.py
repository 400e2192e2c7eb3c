"""Checks the Slack tokens, scopes and Socket Mode."""

from __future__ import annotations

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.app.clients import open_slack_clients
from bot.app.workspace import read_workspace
from bot.cli.doctor.check_clock import ClockOffsets
from bot.cli.doctor.check_layouts import check_layouts
from bot.cli.doctor.finding import Finding
from bot.cli.doctor.slack_answers import CONNECTION_ERRORS, find_reason
from bot.settings import Settings
from bot.slack.manifest import list_bot_scopes

APPS = "https://api.slack.com/apps"
NETWORK = "Check the network, and SLACK_API_URL if it's set."


async def check_slack(settings: Settings, dates: ClockOffsets) -> tuple[Finding, ...]:
    """Check the tokens and scopes; each method is called once and never retried."""
    async with open_slack_clients(read_workspace(settings).slack) as slack:
        return (
            *await _check_token(slack.web, dates),
            await check_layouts(slack.web),
            await _check_requests(slack.web, settings),
        )


async def _check_token(client: AsyncWebClient, dates: ClockOffsets) -> tuple[Finding, ...]:
    """https://docs.slack.dev/reference/methods/auth.test"""
    try:
        answer = await client.auth_test()
    except SlackApiError as error:
        reason = find_reason(error)
        return (
            Finding("Slack token", False, f"Slack answered {reason}.", _choose_remedy(reason)),
            Finding("Slack scopes", None, "unknown without a working token."),
        )
    except CONNECTION_ERRORS:
        return (
            Finding("Slack token", False, "can't reach Slack.", NETWORK),
            Finding("Slack scopes", None, "unknown while Slack can't be reached."),
        )
    dates.record("Slack", answer.headers)
    identity = Finding("Slack token", True, f"@{answer.get('user')} in workspace {answer.get('team')}.")
    return identity, _check_scopes(answer)


def _check_scopes(answer: AsyncSlackResponse) -> Finding:
    """Compare the granted scopes, which every answer has in `x-oauth-scopes`, with the manifest's."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    granted = {scope.strip() for scope in headers.get("x-oauth-scopes", "").split(",")} - {""}
    if not granted:
        return Finding("Slack scopes", None, "Slack didn't say which are granted.")
    missing = sorted(list_bot_scopes() - granted)
    if missing:
        return Finding(
            "Slack scopes",
            False,
            f"not granted: {', '.join(missing)}.",
            f"Paste the output of `kitestring manifest` at {APPS} → App Manifest, then reinstall the app.",
        )
    spare = sorted(granted - list_bot_scopes())
    also = f"; granted but unused: {', '.join(spare)}" if spare else ""
    return Finding("Slack scopes", True, f"all {len(list_bot_scopes())} scopes of the manifest are granted{also}.")


async def _check_requests(client: AsyncWebClient, settings: Settings) -> Finding:
    """https://docs.slack.dev/reference/methods/apps.connections.open (about one a minute)"""
    if settings.slack_app_token is None:
        return Finding(
            "Slack requests",
            None,
            "arrive over HTTP; I can't check from here whether Slack reaches /slack/events.",
            f"At {APPS} → Event Subscriptions, the Request URL must say Verified.",
        )
    name = "Socket Mode"
    try:
        await client.apps_connections_open(app_token=settings.slack_app_token.get_secret_value())
    except SlackApiError as error:
        reason = find_reason(error)
        if reason == "ratelimited":
            return Finding(name, None, "Slack allows one check a minute.", "Try again in a minute.")
        return Finding(
            name,
            False,
            f"Slack answered {reason}.",
            f"Create an app-level token with connections:write at {APPS} → Basic Information, "
            "set SLACK_APP_TOKEN to it, and turn Socket Mode on.",
        )
    except CONNECTION_ERRORS:
        return Finding(name, False, "can't reach Slack.", NETWORK)
    return Finding(name, True, "Slack accepts connections.")


def _choose_remedy(reason: str) -> str:
    if reason in {"ratelimited", "internal_error", "fatal_error", "service_unavailable"} or "HTTP 5" in reason:
        return "Try again in a minute."
    return f"Copy the Bot User OAuth Token from {APPS} → OAuth & Permissions into SLACK_BOT_TOKEN."
