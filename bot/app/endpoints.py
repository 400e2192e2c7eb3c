"""What answers HTTP: Slack's requests, Buildkite's webhooks, health and figures."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.app.dependencies import Dependencies
from bot.app.interaction import Interaction, secret_of
from bot.app.prometheus import Metrics
from bot.app.readiness import Readiness
from bot.builds.ingest.spool import DeliverySpool
from bot.errors import Unavailable
from bot.execution.bot_status import StatusService
from bot.listeners.signature_guard import SignatureGuard
from bot.runtime.http.routes import Router, rest
from bot.runtime.http.routes import figures as own_figures
from bot.slack.socket_mode import ConnectionState
from bot.store.leader import Leadership
from webhooks.allowlist import AllowlistGate
from webhooks.receiver import Receiver


@dataclass
class Endpoints:
    """`web` answers on the main port, `figures` on that of the metrics; `link` is the socket to Slack, if any."""

    web: Router
    figures: ASGIApp
    link: ConnectionState


def build_endpoints(on: Dependencies, asked: Interaction) -> Endpoints:
    """Everything that listens."""
    settings, link = on.settings, ConnectionState(on.clock)
    readiness = Readiness(on.store, on.api, link if settings.socket_mode else None)
    page = partial(measured, on.metrics, on.condition, on.lease)
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    others = rest(readiness.wrong, page if settings.metrics_port is None else None, token)
    at_slack = _slack(on, asked.bolt, secret_of(on))
    front = Router(at_slack, _receiver(on), others, on.metrics.acked)
    return Endpoints(front, own_figures(page, token), link)


async def measured(metrics: Metrics, condition: StatusService, lease: Leadership) -> bytes:
    """The page for Prometheus; while the database does not answer, without what stands there."""
    with suppress(Unavailable):
        metrics.look(await condition.status(), writer=lease.mine())
    return metrics.page()


def _receiver(on: Dependencies) -> ASGIApp | None:
    settings = on.settings
    if settings.buildkite_webhook_token is None:
        return None
    secret = settings.buildkite_webhook_token.get_secret_value()
    keeper = DeliverySpool(on.store, on.wakes.here("inbox"), on.clock)
    receiver = Receiver(secret, settings.buildkite_webhook_mode, keeper.keep, on.clock, on.metrics)
    return AllowlistGate(receiver, on.origins, on.metrics) if on.origins else receiver


def _slack(on: Dependencies, app: AsyncApp, secret: str) -> ASGIApp | None:
    if on.settings.socket_mode:
        return None
    handler = AsyncSlackRequestHandler(app)

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler.handle(Request(scope, receive))
        await response(scope, receive, send)

    return SignatureGuard(handle, secret, on.clock, on.metrics.refused)
