"""Turns a stored delivery into a webhook event, by a table with a reader for each kind of event."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from pydantic_core import from_json

from bot.builds.webhook_event import ParsedBuilds, Undecodable, WebhookEvent
from webhooks.decoding import Payload
from webhooks.envelope import SUBJECTS
from webhooks.events import (
    read_agent_event,
    read_build_event,
    read_job_event,
    read_ping,
    read_registration_blocked,
)
from webhooks.fast_decoding import decode_fast

EventReader = Callable[[str, Payload], WebhookEvent]
_READERS_BY_NOUN: Mapping[str, EventReader] = MappingProxyType(
    {"build": read_build_event, "job": read_job_event, "agent": read_agent_event}
)
ROUTES: Mapping[str, EventReader] = MappingProxyType(
    {event: _READERS_BY_NOUN[noun] for event, noun in SUBJECTS.items() if noun}
    | {"ping": read_ping, "cluster_token.registration_blocked": read_registration_blocked}
)


def read_event(event: str, body: bytes, read: ParsedBuilds | None = None) -> WebhookEvent:
    """Return the webhook event in a delivery; builds that `read` already holds are returned as the same objects.

    An event without a route comes out with `known` false. Raise Undecodable for one with a route whose payload
    can't be decoded.
    """
    route = ROUTES.get(event)
    if route is None:
        return WebhookEvent(event, known=False)
    return _read_fast(event, body, {} if read is None else read) or route(event, _parse_object(body))


def _read_fast(event: str, body: bytes, read: ParsedBuilds) -> WebhookEvent | None:
    """Decode the usual form of the most frequent events quickly, or return None."""
    noun = SUBJECTS[event]
    decoded = decode_fast(body, read) if noun in ("build", "job") else None
    if decoded is None or (noun == "job" and decoded[1] is None):
        return None
    about, attempt = decoded
    return WebhookEvent(event, build=about, jobs=(attempt,) if attempt and noun == "job" else ())


def _parse_object(body: bytes) -> dict[str, Any]:
    try:
        payload = from_json(body)
    except ValueError as error:
        raise Undecodable("The body isn't JSON.") from error
    if not isinstance(payload, dict):
        raise Undecodable("The body isn't a JSON object.")
    return payload
