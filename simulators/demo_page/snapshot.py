"""Renders the page for one person: their Slack, with Buildkite beside it."""

from typing import Any

from simulators.buildkite.models import Agent, Build, Job
from simulators.buildkite.sim import BuildkiteSim
from simulators.buildkite.values import iso
from simulators.buildkite.webhooks import Delivery
from simulators.demo_page.autoplay import Autoplay, is_running
from simulators.slack.sim import SlackSim

Json = dict[str, Any]
MESSAGES = 200  # of each channel, the newest
BUILDS = 15
# Seconds after which an ended build leaves the panel, which is for builds that can still be acted on.
RECENT = 1800.0


def render_scene(slack: SlackSim, buildkite: BuildkiteSim, autoplay: Autoplay, viewer: str) -> Json:
    """Return Slack's snapshot for the viewer, plus `buildkite`: builds, agents, deliveries, network, autoplay."""
    shown = slack.snapshot(viewer)
    for channel in shown["channels"]:
        channel["messages"] = channel["messages"][-MESSAGES:]
    return shown | {"buildkite": _panel(slack, buildkite, autoplay)}


def _panel(slack: SlackSim, buildkite: BuildkiteSim, autoplay: Autoplay) -> Json:
    since = buildkite.now() - RECENT
    newest = [build for build in buildkite.builds[::-1] if (build.finished_at or since) >= since][:BUILDS]
    return {
        "organization": buildkite.org,
        "pipelines": [
            {"slug": pipeline.slug, "branch": pipeline.default_branch} for pipeline in buildkite.pipelines.values()
        ],
        "builds": [_build(buildkite, item, fresh=item is newest[0]) for item in newest],
        "agents": [_agent(agent) for agent in buildkite.agents.values()],
        "deliveries": [_delivery(item) for item in buildkite.hooks.history],
        "pending": len(buildkite.outbox),
        "network": network(slack, buildkite),
        "autoplay": {"on": autoplay.enabled, "seconds": autoplay.seconds},
    }


def network(slack: SlackSim, buildkite: BuildkiteSim) -> Json:
    """Return which parts of the network are broken."""
    return {
        "webhooks_off": buildkite.webhooks_off,
        "webhooks_lost": buildkite.network.drop > 0,
        "webhooks_late": buildkite.network.delay > 0,
        "webhooks_doubled": buildkite.network.double > 0,
        "buildkite_down": buildkite.down,
        "slack_down": slack.down,
        "slack_plain": bool(slack.unknown_blocks),
    }


def _build(buildkite: BuildkiteSim, build: Build, *, fresh: bool) -> Json:
    return {
        "id": build.id,
        "slug": build.pipeline.slug,
        "number": build.number,
        "state": build.inner_state,
        "lively": is_running(build) or build.blocked,
        "fresh": fresh,
        "branch": build.branch,
        "message": build.message,
        "url": f"{buildkite.base_url}/{buildkite.org}/{build.pipeline.slug}/builds/{build.number}",
        "jobs": [_job(job) for job in build.jobs],
    }


def _job(job: Job) -> Json:
    return {
        "id": job.id,
        "kind": job.kind,
        "name": f"{job.name} {job.parallel_index + 1}" if job.parallel_index is not None else job.name,
        "state": job.state,
        "soft_failed": job.soft_failed,
        "retried": job.retried_in is not None,
        "agent": job.agent.name if job.agent else None,
    }


def _agent(agent: Agent) -> Json:
    return {
        "id": agent.id,
        "name": agent.name,
        "queue": agent.queue,
        "connection": agent.connection_state,
        "paused": agent.paused,
        "note": agent.paused_note,
        "job": agent.job.name if agent.job else None,
    }


def _delivery(delivery: Delivery) -> Json:
    return {
        "id": f"{delivery.id} {delivery.sent_at}",
        "event": delivery.event,
        "status": delivery.status,
        "sent_at": iso(delivery.sent_at),
    }
