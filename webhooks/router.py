"""Turns a stored delivery into a webhook event, by the reader that is registered for its kind."""

from __future__ import annotations

from pydantic_core import from_json

from bot.builds.webhook_event import ParsedBuilds, Undecodable, WebhookEvent
from bot.runtime.json_types import JsonObject
from webhooks.event_kind import EventKind
from webhooks.events import EVENTS
from webhooks.fast_decoding import decode_fast


def read_event(event: str, body: bytes, read: ParsedBuilds | None = None) -> WebhookEvent:
    """Return the webhook event in a delivery; builds that `read` already holds are returned as the same objects.

    An event that isn't registered comes out with `known` false. Raise Undecodable for one that is registered and
    whose payload can't be decoded.
    """
    kind = EVENTS.get(event)
    if kind is None:
        return WebhookEvent(event, known=False)
    return _read_fast(kind, body, {} if read is None else read) or kind.read(event, _parse_object(body))


def _read_fast(kind: EventKind, body: bytes, read: ParsedBuilds) -> WebhookEvent | None:
    """Decode the usual form of the most frequent events quickly, or return None."""
    if kind.subject is None or not kind.subject.decodes_fast:
        return None
    decoded, is_job = decode_fast(body, read), kind.subject.noun == "job"
    if decoded is None or (is_job and decoded[1] is None):
        return None
    about, attempt = decoded
    return WebhookEvent(kind.name, build=about, jobs=(attempt,) if attempt and is_job else ())


def _parse_object(body: bytes) -> JsonObject:
    try:
        payload: object = from_json(body)
    except ValueError as error:
        raise Undecodable("The body isn't JSON.") from error
    if not isinstance(payload, dict):
        raise Undecodable("The body isn't a JSON object.")
    return payload
