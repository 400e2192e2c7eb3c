"""Builds the HTTP endpoints: Slack's requests, Buildkite's webhooks, health and metrics."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction, find_signing_secret
from bot.app.program_apps import ProgramApps
from bot.app.prometheus import BotMetrics, CounterMetric, HistogramMetric
from bot.app.readiness import Readiness
from bot.builds.ingest.spool import DeliverySpool
from bot.errors import Unavailable
from bot.execution.bot_status import StatusService
from bot.listeners.signature_guard import SignatureGuard
from bot.runtime.http.routes import Router, make_health_app, make_metrics_app
from bot.runtime.loop import LoopName
from bot.settings import Settings
from bot.slack.socket_mode import ConnectionState
from bot.store.leader import Leadership
from webhooks.allowlist import AllowlistGate
from webhooks.receiver import Receiver


@dataclass(frozen=True)
class Endpoints:
    """`web` answers on the main port, `metrics_app` on the metrics port; `slack_connection` is Socket Mode's.

    `programs` are a part of `web` that has to be closed.
    """

    web: Router
    metrics_app: ASGIApp
    slack_connection: ConnectionState
    programs: ProgramApps


def build_endpoints(settings: Settings, deps: Dependencies, interaction: Interaction) -> Endpoints:
    """Build the applications of the main port and of the metrics port."""
    platform, connection = deps.platform, ConnectionState(deps.platform.clock)
    readiness = Readiness(platform.store, deps.slack.api, connection if deps.workspace.socket_mode else None)
    page = partial(render_metrics, platform.metrics, interaction.services.bot.status, platform.leadership)
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    health = make_health_app(readiness.find_problem, page if settings.metrics_port is None else None, token)
    slack = _build_slack_endpoint(deps, interaction.bolt, find_signing_secret(deps))
    programs = ProgramApps(settings, deps, interaction)
    web = Router(
        slack,
        _build_webhook_receiver(deps),
        health,
        deps.platform.metrics.observer(HistogramMetric.SLACK_ACK),
        {
            "api": programs.answer_rest,
            "mcp": programs.answer_mcp,
            ".well-known": programs.answer_mcp,
            "oauth": programs.answer_mcp,
            "skills": programs.answer_skills,
        },
    )
    return Endpoints(web, make_metrics_app(page, token), connection, programs)


async def render_metrics(metrics: BotMetrics, status_service: StatusService, leadership: Leadership) -> bytes:
    """Return the metrics page; while the database doesn't answer, its gauges keep their last values."""
    with suppress(Unavailable):
        metrics.update_gauges(await status_service.read_status(), is_leader=leadership.is_leader())
    return metrics.render()


def _build_webhook_receiver(deps: Dependencies) -> ASGIApp | None:
    platform = deps.platform
    webhook = deps.workspace.webhook
    if webhook.token is None:
        return None
    secret = webhook.token.get_secret_value()
    spool = DeliverySpool(platform.store, platform.wakeups.local_waker(LoopName.INBOX), platform.clock)
    receiver = Receiver(secret, webhook.mode, spool.keep, platform.clock, platform.metrics)
    return (
        AllowlistGate(receiver, deps.buildkite.allowlist, platform.metrics)
        if deps.buildkite.allowlist
        else receiver
    )


def _build_slack_endpoint(deps: Dependencies, app: AsyncApp, secret: str) -> ASGIApp | None:
    platform = deps.platform
    if deps.workspace.socket_mode:
        return None
    handler = AsyncSlackRequestHandler(app)

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler.handle(Request(scope, receive))
        await response(scope, receive, send)

    return SignatureGuard(handle, secret, platform.clock, platform.metrics.counter(CounterMetric.SLACK_REFUSED))
