"""Turns a kept delivery into facts: one function for each kind of event, found in a router that is a value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic_core import from_json

from bot.builds.webhook_event import Read, Undecodable, WebhookEvent
from webhooks import events
from webhooks.decoding import Payload
from webhooks.envelope import ABOUT
from webhooks.events import agent, ping, registration_blocked
from webhooks.fast_decoding import read_at_once

Observer = Callable[[str, Payload], WebhookEvent]
_BY_NOUN: Mapping[str, Observer] = MappingProxyType({"build": events.build, "job": events.job, "agent": agent})
ROUTES: Mapping[str, Observer] = MappingProxyType(
    {event: _BY_NOUN[noun] for event, noun in ABOUT.items() if noun}
    | {"ping": ping, "cluster_token.registration_blocked": registration_blocked}
)


def observe(event: str, body: bytes, read: Read | None = None) -> WebhookEvent:
    """What the delivery of `event` with this `body` says; of builds that were `read` already it is the same value.

    An event without a route says nothing (`known` is false). Raises Undecodable for one with a route whose
    payload makes no sense.
    """
    route = ROUTES.get(event)
    if route is None:
        return WebhookEvent(event, known=False)
    return _at_once(event, body, {} if read is None else read) or route(event, _object(body))


def _at_once(event: str, body: bytes, read: Read) -> WebhookEvent | None:
    """The shortest way, for the usual form of the most frequent events."""
    noun = ABOUT[event]
    said = read_at_once(body, read) if noun in ("build", "job") else None
    if said is None or (noun == "job" and said[1] is None):
        return None
    about, attempt = said
    return WebhookEvent(event, build=about, jobs=(attempt,) if attempt and noun == "job" else ())


def _object(body: bytes) -> dict[str, Any]:
    try:
        payload = from_json(body)
    except ValueError as error:
        raise Undecodable("The body is not JSON.") from error
    if not isinstance(payload, dict):
        raise Undecodable("The body is not a JSON object.")
    return payload
