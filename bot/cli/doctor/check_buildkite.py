"""The Buildkite side of the doctor: token, scopes, organization, agent token."""

from __future__ import annotations

from datetime import datetime

import httpx

from bot.buildkite.agent_api import AgentApi
from bot.buildkite.client import Buildkite, connect
from bot.buildkite.models import AccessToken
from bot.cli.doctor.check_clock import Dates
from bot.cli.doctor.check_webhook import webhook
from bot.cli.doctor.finding import Finding
from bot.errors import KitestringError, NotFound, Unavailable
from bot.operations.token_scopes import without
from bot.runtime.clock import Clock
from bot.settings import Settings
from commands import registry

TOKENS = "https://buildkite.com/user/api-access-tokens"
NEEDED = (
    "read_user",
    "read_organizations",
    "read_pipelines",
    "read_builds",
    "write_builds",
    "read_build_logs",
    "read_agents",
    "write_agents",
)


async def buildkite(settings: Settings, dates: Dates, clock: Clock, last: datetime | None) -> tuple[Finding, ...]:
    """What Buildkite says of the tokens and the webhook; `last` is when the last delivery came."""

    async def hear(response: httpx.Response) -> None:
        dates.hear("Buildkite", response.headers)

    async with connect(
        settings.buildkite_api_token.get_secret_value(),
        settings.buildkite_organization_slug,
        endpoint=settings.buildkite_rest_api_endpoint,
        clock=clock,
    ) as client:
        client.requests.http.event_hooks = {"response": [hear]}
        token, findings = await _token(client)
        organization = await _organization(client, token)
        hook = await webhook(client, settings, token, last)
    return *findings, organization, await _agent_token(settings), hook


async def _token(client: Buildkite) -> tuple[AccessToken | None, tuple[Finding, ...]]:
    try:
        token = await client.access_token()
    except KitestringError as error:
        remedy = "Ask again in a minute." if isinstance(error, Unavailable) else f"Make a token at {TOKENS}."
        return None, (
            Finding("Buildkite token", False, error.message, remedy),
            Finding("Buildkite scopes", None, "not known without a working token."),
        )
    owner = f"of {token.user.name}" if token.user and token.user.name else "accepted"
    until = f", until {token.expires_at:%Y-%m-%d}" if token.expires_at else ""
    return token, (Finding("Buildkite token", True, f"{owner}{until}."), _scopes(token))


def _scopes(token: AccessToken) -> Finding:
    """https://buildkite.com/docs/apis/managing-api-tokens#token-scopes"""
    missing, barred = [scope for scope in NEEDED if scope not in token.scopes], _barred(token)
    if missing:
        remedy = f"Edit the token at {TOKENS} and tick them."
        return Finding("Buildkite scopes", False, f"missing: {', '.join(missing)}.{barred}", remedy)
    return Finding("Buildkite scopes", True, f"all {len(NEEDED)} that are needed.{barred}")


def _barred(token: AccessToken) -> str:
    """The commands that end in Buildkite's 403, by the scope that they want."""
    lost = without(token.scopes, [op.name for op in registry()])
    said = "; ".join(f"{', '.join(names)} ({scope})" for scope, names in lost)
    return f" Will not work: {said}." if said else ""


async def _organization(client: Buildkite, token: AccessToken | None) -> Finding:
    name = "Buildkite organization"
    if token is None:
        return Finding(name, None, "not known without a working token.")
    try:
        found = await client.organization_()
    except NotFound as error:
        remedy = "Check BUILDKITE_ORGANIZATION_SLUG, and that the token may use this organization."
        return Finding(name, False, error.message, remedy)
    except KitestringError as error:
        return Finding(name, None, f"not checked: {error.message}")
    return Finding(name, True, f"{found.name or found.slug} ({found.slug}).")


async def _agent_token(settings: Settings) -> Finding:
    """https://buildkite.com/docs/apis/agent-api/metrics"""
    name = "Buildkite agent token"
    if settings.buildkite_agent_token is None:
        return Finding(name, None, "not set; without it metrics and stacks cannot say anything.")
    token = settings.buildkite_agent_token.get_secret_value()
    async with httpx.AsyncClient() as http:
        try:
            metrics = await AgentApi(http, token, settings.buildkite_agent_endpoint).metrics()
        except Unavailable as error:
            return Finding(name, False, error.message, "Check the network, and BUILDKITE_AGENT_ENDPOINT if set.")
        except KitestringError as error:
            remedy = "Make one at Buildkite → Agents → your cluster → Agent Tokens."
            return Finding(name, False, error.message, remedy)
    cluster = metrics.cluster.get("name")
    return Finding(name, True, f"accepted{f' by the cluster {cluster}' if cluster else ''}.")
