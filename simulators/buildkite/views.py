"""Renders pipelines, builds and agents as the REST API does."""

from collections import Counter
from typing import Any

from simulators.buildkite.models import Agent, Build, Job, Pipeline, Step, User
from simulators.buildkite.state import World
from simulators.buildkite.values import graphql_id, iso

View = dict[str, Any]
PROVIDER_SETTINGS = {"trigger_mode": "code", "build_pull_requests": True, "publish_commit_status": True}
OPTIONS: View = {
    "branch_configuration": None,
    "skip_queued_branch_builds": False,
    "skip_queued_branch_builds_filter": None,
    "cancel_running_branch_builds": False,
    "cancel_running_branch_builds_filter": None,
    "allow_rebuilds": True,
    "default_command_step_timeout": None,
    "maximum_command_step_timeout": None,
    "pipeline_template_uuid": None,
    "visibility": "private",
    "tags": None,
    "emoji": None,
    "color": None,
}


def api_url(world: World, path: str = "") -> str:
    return f"{world.base_url}/v2/organizations/{world.org}{path}"


def render_user(given: User | None) -> View | None:
    if given is None:
        return None
    return {
        "id": given.id,
        "graphql_id": graphql_id("User", given.id),
        "name": given.name,
        "email": given.email,
        "avatar_url": f"https://www.gravatar.com/avatar/{given.id.replace('-', '')}",
        "created_at": iso(given.created_at),
    }


def pipeline_api_url(world: World, given: Pipeline) -> str:
    return api_url(world, f"/pipelines/{given.slug}")


def render_pipeline(world: World, given: Pipeline, full: bool = False) -> View:
    """Render a pipeline; `full` adds configuration, steps and env, as the pipeline calls do."""
    url = pipeline_api_url(world, given)
    view = {
        "id": given.id,
        "graphql_id": graphql_id("Pipeline", given.id),
        "url": url,
        "web_url": f"{world.base_url}/{world.org}/{given.slug}",
        "name": given.name,
        "description": given.description,
        "slug": given.slug,
        "repository": given.repository,
        "cluster_id": given.cluster_id,
        "default_branch": given.default_branch,
        "provider": {
            "id": "github",
            "webhook_url": "",
            "settings": {
                **PROVIDER_SETTINGS,
                **(given.options.get("provider_settings") or {}),
                "repository": given.repository,
            },
        },
        "builds_url": f"{url}/builds",
        "badge_url": f"https://badge.buildkite.com/{given.id.replace('-', '')}.svg",
        "created_by": render_user(given.created_by),
        "created_at": iso(given.created_at),
        "archived_at": iso(given.archived_at),
        **{key: given.options.get(key, value) for key, value in OPTIONS.items()},
        **_count_by_state(world, given),
    }
    return view | _render_configuration(given) if full else view


def _count_by_state(world: World, given: Pipeline) -> View:
    own = [build for build in world.builds if build.pipeline is given]
    builds = Counter(build.state for build in own)
    jobs = Counter(job.state for build in own for job in build.current_jobs if job.kind == "script")
    return {
        "scheduled_builds_count": builds["scheduled"],
        "running_builds_count": builds["running"] + builds["failing"],
        "scheduled_jobs_count": jobs["scheduled"],
        "running_jobs_count": jobs["running"],
        "waiting_jobs_count": jobs["waiting"],
    }


def _render_configuration(given: Pipeline) -> View:
    return {
        "configuration": given.configuration,
        "steps": [_render_visual_step(step) for step in given.steps],
        "env": given.options.get("env") or {},
    }


def _render_visual_step(step: Step) -> View:
    kind = {"block": "manual", "input": "manual", "wait": "waiter"}.get(step.kind, step.kind)
    if kind == "waiter":
        return {"type": kind}
    if kind == "manual":
        return {"type": kind, "label": step.label}
    return {
        "type": kind,
        "name": step.label,
        "command": step.command,
        "artifact_paths": step.artifact_paths,
        "branch_configuration": None,
        "env": {},
        "timeout_in_minutes": None,
        "agent_query_rules": list(step.rules),
        "concurrency": None,
        "parallelism": step.parallelism,
    }


def build_api_url(world: World, given: Build) -> str:
    return f"{pipeline_api_url(world, given.pipeline)}/builds/{given.number}"


def build_web_url(world: World, given: Build) -> str:
    return f"{world.base_url}/{world.org}/{given.pipeline.slug}/builds/{given.number}"


def render_build(world: World, given: Build) -> View:
    """Render a build without its jobs and pipeline, which depend on the call."""
    return {
        "id": given.id,
        "graphql_id": graphql_id("Build", given.id),
        "url": build_api_url(world, given),
        "web_url": build_web_url(world, given),
        "number": given.number,
        "state": given.state,
        "cancel_reason": given.cancel_reason,
        "blocked": given.blocked,
        "blocked_state": given.state if given.blocked else "",
        "message": given.message,
        "commit": given.commit,
        "branch": given.branch,
        "tag": None,
        "env": dict(given.env),
        "source": given.source,
        "author": given.author,
        "creator": render_user(given.creator),
        "created_at": iso(given.created_at),
        "scheduled_at": iso(given.scheduled_at),
        "started_at": iso(given.started_at),
        "failing_at": iso(given.failing_at),
        "finished_at": iso(given.finished_at),
        "meta_data": dict(given.meta_data),
        "pull_request": given.pull_request,
        "merge_queue": None,
        "rebuilt_from": _render_rebuilt_from(world, given),
        "triggered_from": _render_triggered_from(given),
        "cluster_id": given.pipeline.cluster_id,
        "cluster_url": _render_cluster_url(world, given.pipeline.cluster_id),
    }


def _render_cluster_url(world: World, cluster_id: str | None) -> str | None:
    return api_url(world, f"/clusters/{cluster_id}") if cluster_id else None


def _render_rebuilt_from(world: World, given: Build) -> View | None:
    source = given.rebuilt_from
    return source and {"id": source.id, "number": source.number, "url": build_api_url(world, source)}  # type: ignore[return-value]


def _render_triggered_from(given: Build) -> View | None:
    if given.parent is None:
        return None
    source = given.parent.build
    return {
        "build_id": source.id,
        "build_number": source.number,
        "build_pipeline_slug": source.pipeline.slug,
    }


def count_states(jobs: list[Job]) -> View:
    return {"total": len(jobs), "states": dict(Counter(job.state for job in jobs))}


def render_brief_agent(world: World, given: Agent) -> View:
    """Render an agent as a job shows it."""
    path = f"/clusters/{world.cluster.id}/queues/{_find_queue_id(world, given)}/agents/{given.id}"
    return {
        "id": given.id,
        "graphql_id": graphql_id("Agent", given.id),
        "url": api_url(world, f"/agents/{given.id}"),
        "web_url": f"{world.base_url}/organizations/{world.org}{path}",
        "name": given.name,
        "connection_state": given.connection_state,
        "hostname": given.hostname,
        "ip_address": given.ip_address,
        "user_agent": f"buildkite-agent/{given.version} (linux; amd64)",
        "version": given.version,
        "creator": None,
        "created_at": iso(given.created_at),
        "priority": 0,
        "meta_data": list(given.tags),
    }


def _find_queue_id(world: World, given: Agent) -> str | None:
    queue = world.find_queue(given.queue)
    return queue.id if queue else None
