"""Renders agents as the agent calls do, with job and pause."""

from simulators.buildkite import views
from simulators.buildkite.job_views import render_job
from simulators.buildkite.models import Agent
from simulators.buildkite.state import World
from simulators.buildkite.values import iso
from simulators.buildkite.views import View


def render_agent(world: World, given: Agent) -> View:
    return views.render_brief_agent(world, given) | {
        "os_id": "linux",
        "arch": "amd64",
        "queue": given.queue,
        "connected_at": iso(given.connected_at),
        "disconnected_at": iso(given.disconnected_at),
        "lost_at": iso(given.lost_at),
        "stopped_at": iso(given.stopped_at),
        "job": render_job(world, given.job, with_agent=False) if given.job else None,
        "last_job_finished_at": iso(given.last_job_finished_at),
        "paused": given.paused,
        "paused_at": iso(given.paused_at),
        "paused_by": views.render_user(given.paused_by),
        "paused_note": given.paused_note,
        "paused_timeout_in_minutes": given.paused_timeout,
    }
