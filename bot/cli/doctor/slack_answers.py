"""Reads how a call to Slack failed."""

from __future__ import annotations

import aiohttp
from slack_sdk.errors import SlackApiError

CONNECTION_ERRORS = (aiohttp.ClientError, TimeoutError, OSError)


def find_reason(error: SlackApiError) -> str:
    """Return Slack's error code, or the HTTP status where a proxy answered instead of Slack."""
    data = error.response.data
    code = data.get("error") if isinstance(data, dict) else None
    return str(code or f"with HTTP {error.response.status_code}")
