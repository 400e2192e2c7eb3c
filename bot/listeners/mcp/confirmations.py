"""Has the person confirm what an operation asks first, where their client can ask them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp_types import (
    CallToolRequestParams,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from bot.execution.outcomes import QUESTION
from bot.listeners.mcp.tool_results import CONFIRM
from bot.listeners.rest.outcome_lookup import CallState
from bot.runtime.json_types import JsonObject


def ask_confirmation(
    ctx: ServerRequestContext[dict[str, Any], Any], state: CallState, call: JsonObject
) -> InputRequiredResult | None:
    """Return the question for the person; None if there is none, or if their client can't ask.

    The state, which is sealed, binds the answer to exactly this call: the client returns both with its repeat.
    """
    problem = (state.outcome.problem if state.outcome else None) or {}
    if problem.get("kind") != QUESTION:
        return None
    capabilities = ctx.session.client_capabilities
    can_ask = capabilities is not None and capabilities.elicitation is not None
    if ctx.protocol_version not in MODERN_PROTOCOL_VERSIONS or not can_ask:
        return None
    schema = {
        "type": "object",
        "properties": {CONFIRM: {"type": "boolean", "title": "Do it"}},
        "required": [CONFIRM],
    }
    question = ElicitRequest(
        params=ElicitRequestFormParams(message=str(problem.get("message")), requested_schema=schema)
    )
    return InputRequiredResult(input_requests={CONFIRM: question}, request_state=_digest(call))


def read_confirmation(params: CallToolRequestParams, call: JsonObject) -> bool:
    """Return whether a repeated call brings the person's agreement to exactly this call."""
    answer = (params.input_responses or {}).get(CONFIRM)
    if not isinstance(answer, ElicitResult) or params.request_state != _digest(call):
        return False
    return answer.action == "accept" and (answer.content or {}).get(CONFIRM) is True


def _digest(call: JsonObject) -> str:
    return hashlib.sha256(json.dumps(call, sort_keys=True).encode()).hexdigest()
