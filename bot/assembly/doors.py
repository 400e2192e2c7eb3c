"""What answers HTTP: Slack's requests, Buildkite's webhooks, health and figures."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncApp
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.assembly.asking import Asking, secret_of
from bot.assembly.ground import Ground
from bot.condition import Condition
from bot.errors import Unavailable
from bot.guard import Guard
from bot.http import Front, rest
from bot.http import figures as own_figures
from bot.keeper import Keeper
from bot.lease import Lease
from bot.metrics import Metrics
from bot.readiness import Link, Readiness
from webhooks.origin import Gate
from webhooks.receiver import Receiver


@dataclass
class Doors:
    """`web` answers on the main port, `figures` on that of the metrics; `link` is the socket to Slack, if any."""

    web: Front
    figures: ASGIApp
    link: Link


def doors(on: Ground, asked: Asking) -> Doors:
    """Everything that listens."""
    settings, link = on.settings, Link(on.clock)
    readiness = Readiness(on.store, on.api, link if settings.socket_mode else None)
    page = partial(measured, on.metrics, on.condition, on.lease)
    token = settings.metrics_token.get_secret_value() if settings.metrics_token else ""
    others = rest(readiness.wrong, page if settings.metrics_port is None else None, token)
    at_slack = _slack(on, asked.bolt, secret_of(on))
    front = Front(at_slack, _receiver(on), others, on.metrics.acked)
    return Doors(front, own_figures(page, token), link)


async def measured(metrics: Metrics, condition: Condition, lease: Lease) -> bytes:
    """The page for Prometheus; while the database does not answer, without what stands there."""
    with suppress(Unavailable):
        metrics.look(await condition.status(), writer=lease.mine())
    return metrics.page()


def _receiver(on: Ground) -> ASGIApp | None:
    settings = on.settings
    if settings.buildkite_webhook_token is None:
        return None
    secret = settings.buildkite_webhook_token.get_secret_value()
    keeper = Keeper(on.store, on.wakes.here("inbox"), on.clock)
    receiver = Receiver(secret, settings.buildkite_webhook_mode, keeper.keep, on.clock, on.metrics)
    return Gate(receiver, on.origins, on.metrics) if on.origins else receiver


def _slack(on: Ground, app: AsyncApp, secret: str) -> ASGIApp | None:
    if on.settings.socket_mode:
        return None
    handler = AsyncSlackRequestHandler(app)

    async def handle(scope: Scope, receive: Receive, send: Send) -> None:
        response = await handler.handle(Request(scope, receive))
        await response(scope, receive, send)

    return Guard(handle, secret, on.clock, on.metrics.refused)
