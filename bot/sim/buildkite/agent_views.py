"""Agents as the agent calls show them, with job and pause."""

from bot.sim.buildkite import views
from bot.sim.buildkite.job_views import job
from bot.sim.buildkite.records import Agent
from bot.sim.buildkite.values import iso
from bot.sim.buildkite.views import View
from bot.sim.buildkite.world import World


def agent(world: World, given: Agent) -> View:
    return views.brief_agent(world, given) | {
        "os_id": "linux",
        "arch": "amd64",
        "queue": given.queue,
        "connected_at": iso(given.connected_at),
        "disconnected_at": iso(given.disconnected_at),
        "lost_at": iso(given.lost_at),
        "stopped_at": iso(given.stopped_at),
        "job": job(world, given.job, with_agent=False) if given.job else None,
        "last_job_finished_at": iso(given.last_job_finished_at),
        "paused": given.paused,
        "paused_at": iso(given.paused_at),
        "paused_by": views.user(given.paused_by),
        "paused_note": given.paused_note,
        "paused_timeout_in_minutes": given.paused_timeout,
    }
