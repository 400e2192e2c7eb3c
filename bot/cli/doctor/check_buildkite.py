"""Checks the Buildkite tokens, scopes and organization."""

from __future__ import annotations

from datetime import datetime, timedelta

import httpx

from bot.app.clients import connect_buildkite, open_agent_api
from bot.app.workspace import read_workspace
from bot.buildkite.client import Buildkite
from bot.buildkite.resources import AccessToken
from bot.cli.doctor.check_clock import ClockOffsets
from bot.cli.doctor.check_webhook import check_webhook
from bot.cli.doctor.finding import Finding
from bot.errors import KitestringError, NotFound, Unavailable
from bot.operations.token_scopes import find_missing_scopes
from bot.runtime.clock import Clock
from bot.settings import Settings
from commands import registry

TOKENS_PAGE = "https://buildkite.com/user/api-access-tokens"
# Long enough to ask someone who may create tokens.
_EXPIRES_SOON = timedelta(days=14)
NEEDED_SCOPES = (
    "read_user",
    "read_organizations",
    "read_pipelines",
    "read_builds",
    "write_builds",
    "read_build_logs",
    "read_agents",
    "write_agents",
)


async def check_buildkite(
    settings: Settings, dates: ClockOffsets, clock: Clock, last: datetime | None
) -> tuple[Finding, ...]:
    """Check the tokens and the webhook; `last` is the time of the last delivery."""

    async def record_date(response: httpx.Response) -> None:
        dates.record("Buildkite", response.headers)

    async with connect_buildkite(read_workspace(settings).organization, clock) as client:
        client.requests.http.event_hooks = {"response": [record_date]}
        token, findings = await _check_token(client, clock.now())
        organization = await _check_organization(client, token)
        hook = await check_webhook(client, settings, token, last)
    return *findings, organization, await _check_agent_token(settings, clock), hook


async def _check_token(client: Buildkite, now: datetime) -> tuple[AccessToken | None, tuple[Finding, ...]]:
    try:
        token = await client.access_token()
    except KitestringError as error:
        remedy = (
            "Try again in a minute." if isinstance(error, Unavailable) else f"Create a token at {TOKENS_PAGE}."
        )
        return None, (
            Finding("Buildkite token", False, error.message, remedy),
            Finding("Buildkite scopes", None, "unknown without a working token."),
        )
    owner = f"belongs to {token.user.name}" if token.user and token.user.name else "accepted"
    until = f", expires on {token.expires_at:%Y-%m-%d}" if token.expires_at else ""
    soon = token.expires_at is not None and token.expires_at - now < _EXPIRES_SOON
    remedy = f"Create another at {TOKENS_PAGE} before then, and set BUILDKITE_API_TOKEN to it." if soon else ""
    return token, (Finding("Buildkite token", True, f"{owner}{until}.", remedy, soon=soon), _check_scopes(token))


def _check_scopes(token: AccessToken) -> Finding:
    """https://buildkite.com/docs/apis/managing-api-tokens#token-scopes"""
    missing, barred = (
        [scope for scope in NEEDED_SCOPES if scope not in token.scopes],
        _render_unusable_commands(token),
    )
    if missing:
        remedy = f"Edit the token at {TOKENS_PAGE} and select them."
        return Finding("Buildkite scopes", False, f"missing: {', '.join(missing)}.{barred}", remedy)
    return Finding("Buildkite scopes", True, f"all {len(NEEDED_SCOPES)} needed scopes are granted.{barred}")


def _render_unusable_commands(token: AccessToken) -> str:
    """Return a sentence with the commands that Buildkite will refuse, by missing scope."""
    lost = find_missing_scopes(token.scopes, registry().commands_by_scope)
    listed = "; ".join(f"{', '.join(names)} ({scope})" for scope, names in lost)
    return f" These won't work: {listed}." if listed else ""


async def _check_organization(client: Buildkite, token: AccessToken | None) -> Finding:
    name = "Buildkite organization"
    if token is None:
        return Finding(name, None, "unknown without a working token.")
    try:
        organization = await client.get_organization()
    except NotFound as error:
        remedy = "Check BUILDKITE_ORGANIZATION_SLUG, and that the token has access to this organization."
        return Finding(name, False, error.message, remedy)
    except KitestringError as error:
        return Finding(name, None, f"not checked: {error.message}")
    return Finding(name, True, f"{organization.name or organization.slug} ({organization.slug}).")


async def _check_agent_token(settings: Settings, clock: Clock) -> Finding:
    """https://buildkite.com/docs/apis/agent-api/metrics"""
    name = "Buildkite agent token"
    async with open_agent_api(read_workspace(settings).organization, clock) as agent_api:
        if agent_api is None:
            return Finding(name, None, "not set; metrics and stacks aren't available without it.")
        try:
            metrics = await agent_api.metrics()
        except Unavailable as error:
            return Finding(name, False, error.message, "Check the network, and BUILDKITE_AGENT_ENDPOINT if set.")
        except KitestringError as error:
            remedy = "Create one in Buildkite → Agents → your cluster → Agent Tokens."
            return Finding(name, False, error.message, remedy)
    cluster = metrics.cluster.get("name")
    return Finding(name, True, f"accepted{f' by cluster {cluster}' if cluster else ''}.")
