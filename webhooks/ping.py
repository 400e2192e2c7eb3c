"""Ping events (https://buildkite.com/docs/apis/webhooks): the webhook's settings were saved."""

from __future__ import annotations

from bot.core.observed import Facts
from webhooks.decoding import Payload


def ping(event: str, _payload: Payload) -> Facts:
    """The webhook reaches us."""
    return Facts(event, ping=True)
