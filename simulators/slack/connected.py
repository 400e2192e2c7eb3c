"""A workspace connected to its app: delivers events and delivers them again."""

from typing import Any

from simulators.slack.delivery import Ack, AppRequest, Delivery, Event, SentRequest
from simulators.slack.installation import Installation
from simulators.slack.payloads import Payloads
from simulators.slack.sockets import Sockets

Json = dict[str, Any]
MOST_DELIVERIES = 4
EVENT_SCOPES = {
    "app_mention": "app_mentions:read",
    "message.im": "im:history",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "link_shared": "links:read",
    "reaction_added": "reactions:read",
    "member_joined_channel": "channels:read",
}


class ConnectedWorkspace(Installation):
    """An installation that can reach its app over HTTP or Socket Mode."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.payloads = Payloads(self)
        self.sockets = Sockets(self, self.redeliver_unacknowledged)
        self.delivery = Delivery(self, self.sockets)
        self.events: list[Event] = []

    async def emit(self, inner: Json, subscription: str, *, shared: bool = False) -> Ack | None:
        """Deliver an event; None if the app isn't subscribed or lacks the scope."""
        scope = EVENT_SCOPES.get(subscription)
        if subscription not in self.subscriptions or (scope and scope not in self.scopes):
            return None
        event = Event(self.payloads.event(inner, shared))
        self.events.append(event)
        return await self._deliver(event, "")

    async def redeliver(self, event: Event | None = None, reason: str = "http_timeout") -> Ack:
        """Deliver an event (by default the last one) again, with retry headers."""
        return await self._deliver(event or self.events[-1], reason)

    async def redeliver_unacknowledged(self) -> None:
        """Deliver again what an earlier Socket Mode connection left unacknowledged."""
        for event in self.undelivered:
            if 0 < event.deliveries < MOST_DELIVERIES:
                await self.redeliver(event)

    @property
    def undelivered(self) -> list[Event]:
        """Return the events that the app has never acknowledged."""
        return [event for event in self.events if not event.acknowledged]

    async def _deliver(self, event: Event, reason: str) -> Ack:
        reason = "timeout" if reason == "http_timeout" and self.request_url is None else reason
        ack = await self.delivery.send(AppRequest("events_api", event.payload, event.deliveries, reason))
        event.deliveries += 1
        event.acknowledged = event.acknowledged or ack.ok
        self.changes.notify("event", id=event.id, type=event.type, ok=ack.ok)
        return Ack(ack.status, ack.body, ack.seconds, ack.problem, event=event)

    @property
    def last_request(self) -> SentRequest | None:
        """Return the request that went to the app last."""
        return self.delivery.last

    async def replay(self, sent: SentRequest | None = None) -> Ack:
        """Send the same signed request (by default the last one) again, byte for byte."""
        request = sent or self.delivery.last
        if request is None:
            raise LookupError("Nothing has been sent to the app yet.")
        return await self.delivery.resend(request)

    async def refresh_sockets(self, reason: str = "refresh_requested") -> None:
        """Send every Socket Mode connection a disconnect frame."""
        await self.sockets.disconnect(reason)
