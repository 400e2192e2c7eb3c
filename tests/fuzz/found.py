"""Inputs that once made the bot fail; every run tries them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.fuzz.odd import CLICKS, EVENTS, FORM, JSON, move_to_team, to_json


def list_regressions(team: str) -> dict[str, list[Any]]:
    """Return the inputs by target name."""
    events = {item["event"]["type"]: item for item in move_to_team(EVENTS, team) if "event" in item}
    clicks = {item["type"]: item for item in move_to_team(CLICKS, team)}
    filled = clicks["view_submission"]["view"]
    message = events["message"]
    partial = {key: value for key, value in message["event"].items() if key not in {"channel", "ts"}}
    return {
        "slack, signed": [
            _make_click(clicks["block_suggestion"] | {"user": None}),
            _make_click(clicks["block_suggestion"] | {"type": "dialog_suggestion", "callback_id": "x"}),
            _make_click(clicks["block_suggestion"] | {"type": "interactive_message", "callback_id": "x"}),
            _make_click(clicks["block_suggestion"] | {"type": "workflow_step_edit", "callback_id": "x"}),
            _make_click(clicks["view_submission"] | {"view": filled | {"type": "workflow_step"}}),
            _make_click(clicks["view_submission"] | {"view": filled | {"blocks": [{"type": "input"}]}}),
            (to_json(message | {"event": partial | {"channel_type": None}}), JSON),
            (to_json(message | {"event": partial | {"channel_type": "channel"}}), JSON),
        ]
    }


def _make_click(payload: Any) -> tuple[bytes, str]:
    return urlencode({"payload": to_json(payload)}).encode(), FORM
