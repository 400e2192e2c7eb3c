"""Agent events (https://buildkite.com/docs/apis/webhooks/pipelines/agent-events)."""

from __future__ import annotations

from bot.core.observed import Facts
from bot.model import Agent
from webhooks.decoding import Payload, decode, text


def agent(event: str, payload: Payload) -> Facts:
    """The agent as it is now; `agent.blocked` names the address that its token no longer lets in."""
    return Facts(event, agent=decode(payload, "agent", Agent), blocked_ip=text(payload, "blocked_ip"))


def registration_blocked(event: str, payload: Payload) -> Facts:
    """A registration was refused by address: there is no agent yet, only the address."""
    return Facts(event, blocked_ip=text(payload, "blocked_ip"))
