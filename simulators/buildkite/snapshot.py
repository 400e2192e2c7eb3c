"""Renders the simulated organization as JSON for a page."""

from typing import Any

from simulators.buildkite import agent_views, job_views, views
from simulators.buildkite.state import World
from simulators.buildkite.values import iso
from simulators.buildkite.webhooks import Delivery, Webhooks


def snapshot(world: World, hooks: Webhooks) -> dict[str, Any]:
    """Return pipelines, builds with all jobs (newest first), agents and the last 20 deliveries."""
    return {
        "organization": world.org,
        "pipelines": [views.render_pipeline(world, pipeline) for pipeline in world.pipelines.values()],
        "builds": [_build(world, build) for build in reversed(world.builds)],
        "agents": [agent_views.render_agent(world, agent) for agent in world.agents.values()],
        "deliveries": [_delivery(item) for item in hooks.history],
        "pending_deliveries": len(hooks.outbox),
    }


def _build(world: World, build: Any) -> dict[str, Any]:
    shown = job_views.render_build(world, build, jobs=build.jobs, with_pipeline=False)
    return shown | {"pipeline_slug": build.pipeline.slug}


def _delivery(delivery: Delivery) -> dict[str, Any]:
    return {
        "id": delivery.id,
        "event": delivery.event,
        "url": delivery.webhook.url,
        "status": delivery.status,
        "sent_at": iso(delivery.sent_at),
    }
