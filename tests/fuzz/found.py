"""What once made the bot fail, tried every time."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from tests.fuzz.odd import CLICKS, EVENTS, FORM, JSON, at_home, written


def found(team: str) -> dict[str, list[Any]]:
    """By the target's name."""
    events = {item["event"]["type"]: item for item in at_home(EVENTS, team)}
    clicks = {item["type"]: item for item in at_home(CLICKS, team)}
    filled = clicks["view_submission"]["view"]
    said = events["message"]
    unsaid = {key: value for key, value in said["event"].items() if key not in {"channel", "ts"}}
    return {
        "slack, signed": [
            _clicked(clicks["block_suggestion"] | {"user": None}),
            _clicked(clicks["block_suggestion"] | {"type": "dialog_suggestion", "callback_id": "x"}),
            _clicked(clicks["block_suggestion"] | {"type": "interactive_message", "callback_id": "x"}),
            _clicked(clicks["block_suggestion"] | {"type": "workflow_step_edit", "callback_id": "x"}),
            _clicked(clicks["view_submission"] | {"view": filled | {"type": "workflow_step"}}),
            _clicked(clicks["view_submission"] | {"view": filled | {"blocks": [{"type": "input"}]}}),
            (written(said | {"event": unsaid | {"channel_type": None}}), JSON),
            (written(said | {"event": unsaid | {"channel_type": "channel"}}), JSON),
        ]
    }


def _clicked(payload: Any) -> tuple[bytes, str]:
    return urlencode({"payload": written(payload)}).encode(), FORM
