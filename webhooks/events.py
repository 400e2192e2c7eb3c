"""Build events (https://buildkite.com/docs/apis/webhooks/pipelines/build-events)."""

from __future__ import annotations

from bot.buildkite.models import Agent, Job
from bot.builds.webhook_event import WebhookEvent
from webhooks.decoding import Payload, decode, decode_build, text


def build(event: str, payload: Payload) -> WebhookEvent:
    """The build's state. A blocked one comes as `build.finished`; only `Build.phase` tells the difference."""
    return WebhookEvent(event, build=decode_build(payload))


def job(event: str, payload: Payload) -> WebhookEvent:
    """One attempt at a step, together with the build that it belongs to."""
    return WebhookEvent(event, build=decode_build(payload), jobs=(decode(payload, "job", Job),))


def agent(event: str, payload: Payload) -> WebhookEvent:
    """The agent as it is now; `agent.blocked` names the address that its token no longer lets in."""
    return WebhookEvent(event, agent=decode(payload, "agent", Agent), blocked_ip=text(payload, "blocked_ip"))


def registration_blocked(event: str, payload: Payload) -> WebhookEvent:
    """A registration was refused by address: there is no agent yet, only the address."""
    return WebhookEvent(event, blocked_ip=text(payload, "blocked_ip"))


def ping(event: str, _payload: Payload) -> WebhookEvent:
    """The webhook reaches us."""
    return WebhookEvent(event, ping=True)
