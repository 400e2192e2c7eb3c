"""Readers of the webhook events: builds, jobs, agents, cluster tokens and pings.

https://buildkite.com/docs/apis/webhooks/pipelines
"""

from __future__ import annotations

from bot.buildkite.models import Job
from bot.buildkite.resources import Agent
from bot.builds.webhook_event import WebhookEvent
from webhooks.decoding import Payload, decode, decode_build, find_text


def read_build_event(event: str, payload: Payload) -> WebhookEvent:
    """Return the build's state. A blocked build also comes as `build.finished`; only `Build.phase` differs."""
    return WebhookEvent(event, build=decode_build(payload))


def read_job_event(event: str, payload: Payload) -> WebhookEvent:
    """Return the job with the build that it belongs to."""
    return WebhookEvent(event, build=decode_build(payload), jobs=(decode(payload, "job", Job),))


def read_agent_event(event: str, payload: Payload) -> WebhookEvent:
    """Return the agent's state; `agent.blocked` also names the address that its token no longer admits."""
    return WebhookEvent(event, agent=decode(payload, "agent", Agent), blocked_ip=find_text(payload, "blocked_ip"))


def read_registration_blocked(event: str, payload: Payload) -> WebhookEvent:
    """Return the address whose registration was refused: there is no agent yet."""
    return WebhookEvent(event, blocked_ip=find_text(payload, "blocked_ip"))


def read_ping(event: str, _payload: Payload) -> WebhookEvent:
    """Return a ping, which proves that webhooks reach this bot."""
    return WebhookEvent(event, ping=True)
