"""Builds webhook bodies."""

import random
import re
from typing import Any

from simulators.buildkite import agent_views, job_views, views
from simulators.buildkite.models import Build, Job, User
from simulators.buildkite.state import World
from simulators.buildkite.values import graphql_id, iso, utc_form
from simulators.buildkite.views import View

_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
BUILD_EVENTS = ("build.scheduled", "build.running", "build.failing", "build.finished", "build.skipped")
JOB_EVENTS = ("job.scheduled", "job.started", "job.finished", "job.activated")
AGENT_EVENTS = (
    "agent.connected",
    "agent.lost",
    "agent.disconnected",
    "agent.stopping",
    "agent.stopped",
    "agent.blocked",
)
EVENTS = (*BUILD_EVENTS, *JOB_EVENTS, *AGENT_EVENTS, "ping")


def make_body(world: World, event: str, subject: Any, sender: User) -> View:
    """Build the payload of `event` about the current build, job or agent; `sender` created the webhook."""
    sender_view = {"id": sender.id, "name": sender.name}
    if event in AGENT_EVENTS:
        shut = {"blocked_ip": subject.ip_address, "cluster_token": None} if event == "agent.blocked" else {}
        return {"event": event, **shut, "agent": agent_views.render_agent(world, subject), "sender": sender_view}
    build = subject.build if event in JOB_EVENTS else subject
    rest = {
        "build": _render_build(world, build),
        "pipeline": views.render_pipeline(world, build.pipeline),
        "sender": sender_view,
    }
    if event in JOB_EVENTS:
        return {"event": event, "job": _render_job(world, subject), **rest}
    return {"event": event, **rest}


def make_ping(world: World, service: View, sender: User) -> View:
    return {
        "event": "ping",
        "service": service,
        "organization": render_organization(world),
        "sender": {"id": sender.id, "name": sender.name},
    }


def render_organization(world: World) -> View:
    return {
        "id": world.id,
        "graphql_id": graphql_id("Organization", world.id),
        "url": views.api_url(world),
        "web_url": f"{world.base_url}/{world.org}",
        "name": world.org.replace("-", " ").title(),
        "slug": world.org,
        "pipelines_url": views.api_url(world, "/pipelines"),
        "agents_url": views.api_url(world, "/agents"),
        "emojis_url": views.api_url(world, "/emojis"),
        "created_at": iso(world.created_at),
    }


def _render_build(world: World, given: Build) -> View:
    view = views.render_build(world, given)
    triggers = [{"type": "trigger", "async": s.is_async} for s in given.pipeline.steps if s.kind == "trigger"]
    return view | {"steps": triggers} if triggers else view


def _render_job(world: World, given: Job) -> View:
    view = job_views.render_job(world, given)
    source = given.retry_of
    if source and view.get("retry_source"):
        by = source.retried_by
        view["retry_source"]["retried_by"] = {"name": by.name, "email": by.email} if by else None
    return view


def format_times(value: Any, style: str, rng: random.Random) -> Any:
    """Return `value` with times in a style of webhooks: `utc`, `iso`, or `mixed` (random for each object)."""
    if style == "iso":
        return value
    if isinstance(value, list):
        return [format_times(item, style, rng) for item in value]
    if isinstance(value, dict):
        own = rng.choice(("utc", "iso")) if style == "mixed" else style
        return {key: _format_time(key, item, own) or format_times(item, style, rng) for key, item in value.items()}
    return value


def _format_time(key: str, value: Any, style: str) -> str | None:
    if style == "utc" and key.endswith("_at") and isinstance(value, str) and _ISO.fullmatch(value):
        return utc_form(value)
    return None
