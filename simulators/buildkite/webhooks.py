"""Outgoing webhooks: subscriptions, an unreliable network, and signatures."""

import hashlib
import hmac
import json
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import aiohttp

from simulators.buildkite import payloads
from simulators.buildkite.models import User
from simulators.buildkite.state import World
from simulators.buildkite.values import new_uuid

READ_TIMEOUT = 5.0  # seconds: the one timeout ever seen in a capture
Mode = Literal["signature", "token"]


@dataclass
class Webhook:
    """A webhook. `events` None: all of them. `creator` is the `sender` of every payload."""

    id: str
    url: str
    token: str
    mode: Mode
    events: tuple[str, ...] | None
    creator: User
    created_at: float
    description: str = ""
    enabled: bool = True

    def wants(self, event: str) -> bool:
        return self.enabled and (event == "ping" or self.events is None or event in self.events)


@dataclass
class Network:
    """Probabilities, 0 to 1, of faults on a delivery's way; `longest` is the longest delay in seconds."""

    drop: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    reorder: float = 0.0
    longest: float = 60.0


@dataclass
class Delivery:
    """A request to send. `status` is None until sent, 0 if no answer came."""

    id: str
    event: str
    webhook: Webhook
    render: Callable[[], Any]
    due: float
    status: int | None = None
    sent_at: float | None = None


def sign(body: bytes, token: str, timestamp: int) -> str:
    """Sign as https://buildkite.com/docs/apis/webhooks says: HMAC-SHA256 of `timestamp.body`, in hex."""
    digest = hmac.new(token.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"timestamp={timestamp},signature={digest}"


@dataclass
class Webhooks:
    """The webhooks of an organization, with their pending deliveries."""

    world: World
    rng: random.Random
    network: Network = field(default_factory=Network)
    webhooks: list[Webhook] = field(default_factory=list)
    outbox: list[Delivery] = field(default_factory=list)
    history: deque[Delivery] = field(default_factory=lambda: deque(maxlen=20))
    off: bool = False
    at_dispatch: bool = False
    time_style: str = "utc"
    patience: float = READ_TIMEOUT

    def add(self, url: str, token: str, mode: Mode = "signature", events: Sequence[str] | None = None) -> Webhook:
        chosen = None if events is None else tuple(events)
        world = self.world
        made = Webhook(new_uuid(self.rng), url, token, mode, chosen, world.user, world.now())
        self.webhooks.append(made)
        return made

    def ping(self, webhook: Webhook) -> None:
        """Enqueue a ping, as Buildkite does after a change of the webhook's settings."""
        service = {"id": webhook.id, "provider": "webhook", "settings": {"url": webhook.url}}
        body = payloads.make_ping(self.world, service, webhook.creator)
        self._enqueue("ping", webhook, lambda: body)

    def enqueue_event(self, event: str, subject: Any) -> None:
        """Enqueue `event` for every webhook that wants it."""
        if event not in payloads.EVENTS:
            return
        for webhook in self.webhooks:
            if webhook.wants(event):
                self._enqueue(event, webhook, self._renderer(event, subject, webhook))

    def _renderer(self, event: str, subject: Any, webhook: Webhook) -> Callable[[], Any]:
        def render() -> Any:
            body = payloads.make_body(self.world, event, subject, webhook.creator)
            return payloads.format_times(body, self.time_style, self.rng)

        if self.at_dispatch:
            return render
        body = render()
        return lambda: body

    def _chance(self, probability: float) -> bool:
        return probability > 0 and self.rng.random() < probability

    def _enqueue(self, event: str, webhook: Webhook, render: Callable[[], Any]) -> None:
        if self.off or self._chance(self.network.drop):
            return
        for _ in range(2 if self._chance(self.network.double) else 1):
            late = self.rng.uniform(0, self.network.longest) if self._chance(self.network.delay) else 0.0
            delivery = Delivery(new_uuid(self.rng), event, webhook, render, self.world.now() + late)
            place = len(self.outbox)
            if self._chance(self.network.reorder):
                place = self.rng.randint(0, place)
            self.outbox.insert(place, delivery)

    def take_due(self) -> list[Delivery]:
        """Remove the due deliveries from the outbox and return them."""
        now = self.world.now()
        due = [delivery for delivery in self.outbox if delivery.due <= now]
        self.outbox = [delivery for delivery in self.outbox if delivery.due > now]
        return due

    async def deliver(self) -> list[tuple[str, int]]:
        """Send all due deliveries; return event and status of each, status 0 for no answer."""
        due = self.take_due()
        if not due:
            return []
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.patience)) as session:
            return [(delivery.event, await self._send(session, delivery)) for delivery in due]

    async def _send(self, session: aiohttp.ClientSession, delivery: Delivery) -> int:
        body = json.dumps(delivery.render(), ensure_ascii=False, separators=(",", ":")).encode()
        try:
            headers = self._headers(delivery, body)
            async with session.post(
                delivery.webhook.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                delivery.status = answer.status
        except (TimeoutError, aiohttp.ClientError):
            delivery.status = 0
        delivery.sent_at = self.world.now()
        self.history.append(delivery)
        return delivery.status

    def _headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        webhook = delivery.webhook
        proof = {"X-Buildkite-Token": webhook.token}
        if webhook.mode == "signature":
            proof = {"X-Buildkite-Signature": sign(body, webhook.token, int(self.world.now()))}
        return {
            "User-Agent": "Buildkite-Request",
            "Content-Type": "application/json",
            "X-Buildkite-Event": delivery.event,
            "X-Buildkite-Request": delivery.id,
            **proof,
        }
