"""Sends the webhooks of the simulated Buildkite over keep-alive connections."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp

from simulators.buildkite.webhooks import Delivery, sign


class WebhookSender:
    """Sends deliveries. Raises RuntimeError for an answer other than 2xx."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session
        self.sent: dict[str, int] = {}

    async def send(self, delivery: Delivery, url: str | None = None) -> float:
        """Send a delivery, to `url` if given; return when it was sent, as time.perf_counter."""
        body, hook = json.dumps(delivery.render()).encode(), delivery.webhook
        headers = {
            "Content-Type": "application/json",
            "X-Buildkite-Event": delivery.event,
            "X-Buildkite-Request": delivery.id,
            "X-Buildkite-Signature": sign(body, hook.token, int(delivery.due)),
        }
        at = time.perf_counter()
        async with self._session.post(url or hook.url, data=body, headers=headers) as answer:
            if answer.status >= 300:
                raise RuntimeError(f"{delivery.event} was answered {answer.status}.")
        self.sent[delivery.event] = self.sent.get(delivery.event, 0) + 1
        return at


@asynccontextmanager
async def open_sender() -> AsyncIterator[WebhookSender]:
    """Open a sender with eight connections."""
    limit = aiohttp.TCPConnector(limit=8)
    async with aiohttp.ClientSession(connector=limit, trust_env=False) as session:
        yield WebhookSender(session)
