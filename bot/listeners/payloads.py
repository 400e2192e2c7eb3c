"""Checks Slack's payloads before Bolt parses them."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from bot.listeners.payload_shapes import (
    EVENT_SHAPES,
    PAYLOAD_SHAPES,
    BoltFields,
    CommandPayload,
    MessagePayload,
    WorkflowStep,
)
from bot.listeners.requests import is_addressed_to_bot

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


def check_storable(text: str) -> None:
    """Raise ValueError for JSON with half a surrogate pair, which can't be encoded as UTF-8."""
    if "\\ud" in text or "\\uD" in text:
        try:
            json.dumps(json.loads(text), ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            raise ValueError("The payload holds half a surrogate pair.") from error


def _check_shape(payload: dict[str, Any]) -> None:
    kind = msgspec.convert(payload, BoltFields).type
    if "command" in payload:  # Bolt recognises commands by that key alone
        msgspec.convert(payload, CommandPayload)
    if isinstance(kind, str) and kind in PAYLOAD_SHAPES:
        msgspec.convert(payload, PAYLOAD_SHAPES[kind])
    if kind == "event_callback":
        event = payload["event"]
        shape = MessagePayload if is_addressed_to_bot(event) else EVENT_SHAPES.get(event["type"])
        if shape:
            msgspec.convert(payload, shape)
    if kind == "view_submission" and payload["view"]["type"] == "workflow_step":
        msgspec.convert(payload, WorkflowStep)


def _is_shallow(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inner)
