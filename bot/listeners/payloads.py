"""Checks Slack's payloads before Bolt parses them, and converts them after."""

from __future__ import annotations

import json
from typing import TypeVar

import msgspec
import structlog
from msgspec import Struct

from bot.listeners.bolt_shapes import BoltFields, LegacyAction, ViewClosedPayload, WorkflowStep
from bot.listeners.payload_shapes import (
    ClickPayload,
    CommandPayload,
    DroppedEventsPayload,
    EventPayload,
    GlobalShortcut,
    HomeOpenedPayload,
    LinkSharedPayload,
    MessagePayload,
    MessageShortcut,
    OptionsPayload,
    SubmissionPayload,
)

T = TypeVar("T")
log = structlog.stdlib.get_logger(__name__)

DROPPED_EVENTS = "app_rate_limited"
_EVENT_SHAPES: dict[str, type[Struct]] = {"app_home_opened": HomeOpenedPayload, "link_shared": LinkSharedPayload}
_PAYLOAD_SHAPES: dict[str, type[Struct]] = {
    "block_actions": ClickPayload,
    "block_suggestion": OptionsPayload,
    "view_submission": SubmissionPayload,
    "view_closed": ViewClosedPayload,
    "interactive_message": LegacyAction,
    "workflow_step_edit": WorkflowStep,
    "message_action": MessageShortcut,
    "shortcut": GlobalShortcut,
    DROPPED_EVENTS: DroppedEventsPayload,
}
_DEPTH_LIMIT = 64  # Block Kit stays under 20; Python's parsers give up near 1,000


def check_payload(payload: object) -> None:
    """Raise ValueError, with one sentence, for a payload that doesn't have one of Slack's shapes."""
    if not isinstance(payload, dict):
        raise ValueError("The payload isn't a JSON object.")
    if not _is_shallow(payload, _DEPTH_LIMIT):
        raise ValueError("The payload is nested too deeply.")
    try:
        _check_shape(payload)
    except msgspec.ValidationError as error:
        raise ValueError(f"The payload doesn't have the shape of Slack's: {error}.") from error


def parse_payload(body: object, shape: type[T]) -> T | None:
    """Return a payload as a value, or None, with a line in the log, if it doesn't have Slack's shape.

    The signature guard refuses such payloads over HTTP; over a socket nothing else checks them.
    """
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        log.warning("malformed payload ignored", shape=shape.__name__, error=str(error))
        return None


def check_storable(text: str) -> None:
    """Raise ValueError for JSON with half a surrogate pair, which can't be encoded as UTF-8."""
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("The payload holds half a surrogate pair.") from error


def _check_shape(payload: dict[str, object]) -> None:
    kind = msgspec.convert(payload, BoltFields).type
    if "command" in payload:  # Bolt recognises commands by that key alone
        msgspec.convert(payload, CommandPayload)
    if kind == "event_callback":
        event = msgspec.convert(payload, EventPayload).event
        shape = MessagePayload if event.is_addressed else _EVENT_SHAPES.get(event.type, EventPayload)
        msgspec.convert(payload, shape)
    elif isinstance(kind, str) and kind in _PAYLOAD_SHAPES:
        checked = msgspec.convert(payload, _PAYLOAD_SHAPES[kind])
        if isinstance(checked, SubmissionPayload) and checked.view.type == "workflow_step":
            msgspec.convert(payload, WorkflowStep)


def _is_shallow(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inner)
