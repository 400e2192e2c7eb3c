"""Registers the webhook events: builds, jobs, agents, cluster tokens and pings.

https://buildkite.com/docs/apis/webhooks/pipelines
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bot.buildkite.models import Job, Vendor
from bot.buildkite.resources import Agent
from bot.builds.webhook_event import WebhookEvent
from bot.runtime.json_types import JsonObject
from webhooks.decoding import decode, decode_build, find_text
from webhooks.event_kind import AGENT, BUILD, JOB, EventKind, EventReader


def read_build_event(event: str, payload: JsonObject) -> WebhookEvent:
    """Return the build's state. A blocked build also comes as `build.finished`; only `Build.phase` differs."""
    return WebhookEvent(event, build=decode_build(payload))


def read_job_event(event: str, payload: JsonObject) -> WebhookEvent:
    """Return the job with the build that it belongs to."""
    return WebhookEvent(event, build=decode_build(payload), jobs=(decode(payload, "job", Job),))


def read_agent_event(event: str, payload: JsonObject) -> WebhookEvent:
    """Return the agent's state; `agent.blocked` also names the address that its token no longer admits."""
    return WebhookEvent(event, agent=decode(payload, "agent", Agent), blocked_ip=find_text(payload, "blocked_ip"))


def read_registration_blocked(event: str, payload: JsonObject) -> WebhookEvent:
    """Return the address whose registration was refused: there is no agent yet."""
    return WebhookEvent(event, blocked_ip=find_text(payload, "blocked_ip"))


def read_ping(event: str, _payload: JsonObject) -> WebhookEvent:
    """Return a ping, which proves that webhooks reach this bot."""
    return WebhookEvent(event, ping=True)


def read_object(noun: str, model: type[Vendor]) -> EventReader:
    """Return a reader of events about anything else: it decodes the object under `noun`."""

    def read(event: str, payload: JsonObject) -> WebhookEvent:
        return WebhookEvent(event, other=decode(payload, noun, model))

    return read


_KINDS = (
    EventKind("ping", read_ping),
    EventKind("build.scheduled", read_build_event, BUILD, "required"),
    EventKind("build.running", read_build_event, BUILD, "required"),
    EventKind("build.failing", read_build_event, BUILD, "required"),
    EventKind("build.finished", read_build_event, BUILD, "required"),
    EventKind("build.skipped", read_build_event, BUILD, "optional"),
    EventKind("job.scheduled", read_job_event, JOB),
    EventKind("job.started", read_job_event, JOB, "required"),
    EventKind("job.finished", read_job_event, JOB, "required"),
    EventKind("job.activated", read_job_event, JOB, "optional"),
    EventKind("job.promised_exit_status", read_job_event, JOB),
    EventKind("agent.connected", read_agent_event, AGENT, "optional"),
    EventKind("agent.disconnected", read_agent_event, AGENT, "optional"),
    EventKind("agent.lost", read_agent_event, AGENT, "optional"),
    EventKind("agent.stopping", read_agent_event, AGENT),
    EventKind("agent.stopped", read_agent_event, AGENT, "optional"),
    EventKind("agent.blocked", read_agent_event, AGENT, "optional"),
    EventKind("cluster_token.registration_blocked", read_registration_blocked),
)
EVENTS: Mapping[str, EventKind] = MappingProxyType({kind.name: kind for kind in _KINDS})
REQUIRED_EVENTS = tuple(kind.name for kind in _KINDS if kind.subscription == "required")
OPTIONAL_EVENTS = tuple(kind.name for kind in _KINDS if kind.subscription == "optional")
