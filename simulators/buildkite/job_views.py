"""Renders jobs as the REST API does, each kind with its own keys."""

from simulators.buildkite import views
from simulators.buildkite.models import Build, Job
from simulators.buildkite.state import World
from simulators.buildkite.values import graphql_id, iso
from simulators.buildkite.views import View

TYPES = {"script": "script", "wait": "waiter", "block": "manual", "input": "manual", "trigger": "trigger"}


def render_job(world: World, given: Job, with_agent: bool = True) -> View:
    """Render a job. A manual job has `label` instead of `name`; a waiter says nothing but that it is one."""
    head: View = {
        "id": given.id,
        "graphql_id": graphql_id("Job", given.id),
        "type": TYPES[given.kind],
    }
    if given.kind == "wait":
        return head
    if given.manual:
        return head | _render_manual(world, given)
    if given.kind == "trigger":
        return head | _render_trigger(world, given)
    return head | _render_script(world, given) | {"agent": _render_agent(world, given) if with_agent else None}


def render_build(world: World, given: Build, *, jobs: list[Job] | None, with_pipeline: bool = True) -> View:
    """Render a build with these jobs (None: no `jobs` key) and its pipeline."""
    view = views.render_build(world, given)
    if jobs is not None:
        view["jobs"] = [_add_group(render_job(world, job)) for job in jobs]
    if with_pipeline:
        view["pipeline"] = views.render_pipeline(world, given.pipeline)
    return view


def _add_group(view: View) -> View:
    """Add a command job's group, which only the build calls show."""
    return view | {"group_key": None} if view["type"] == "script" else view


def _render_manual(world: World, given: Job) -> View:
    return {
        "label": given.step.label,
        "step_key": given.step.key,
        "state": given.state,
        "web_url": None,
        "unblocked_by": views.render_user(given.unblocked_by),
        "unblocked_at": iso(given.unblocked_at),
        "unblockable": given.state == "blocked" and not _is_behind_another(given),
        "unblock_url": f"{job_url(world, given)}/unblock",
    }


def _is_behind_another(given: Job) -> bool:
    """Tell whether an earlier block step holds this one, although both are in state blocked."""
    jobs = given.build.current_jobs
    return any(job.kind == "block" and job.state == "blocked" for job in jobs[: jobs.index(given)])


def _render_trigger(world: World, given: Job) -> View:
    triggered = given.triggered
    return {
        "name": given.step.label,
        "step_key": given.step.key,
        "state": given.state,
        "async": given.step.is_async,
        "build_url": views.build_api_url(world, given.build),
        "web_url": _web_url(world, given),
        "soft_failed": given.soft_failed,
        **_render_times(given),
        "triggered_build": triggered
        and {
            "id": triggered.id,
            "number": triggered.number,
            "url": views.build_api_url(world, triggered),
            "web_url": views.build_web_url(world, triggered),
        },
    }


def _render_times(given: Job) -> View:
    names = ("created_at", "scheduled_at", "runnable_at", "started_at", "finished_at")
    return {name: iso(getattr(given, name)) for name in names}


def job_url(world: World, given: Job) -> str:
    return f"{views.build_api_url(world, given.build)}/jobs/{given.id}"


def _web_url(world: World, given: Job) -> str:
    return f"{views.build_web_url(world, given.build)}#{given.id}"


def _render_agent(world: World, given: Job) -> View | None:
    return views.render_brief_agent(world, given.agent) if given.agent else None


def _render_script(world: World, given: Job) -> View:
    url, step = job_url(world, given), given.step
    return {
        "name": step.label,
        "step_key": step.key,
        "step": {"id": step.id, "signature": None},
        "priority": {"number": given.priority},
        "agent_query_rules": list(step.rules),
        "state": given.state,
        "build_url": views.build_api_url(world, given.build),
        "web_url": _web_url(world, given),
        "log_url": f"{url}/log",
        "raw_log_url": f"{url}/log.txt",
        "artifacts_url": f"{url}/artifacts",
        "command": step.command,
        "soft_failed": given.soft_failed,
        "exit_status": given.exit_status,
        "signal": given.signal,
        "signal_reason": given.signal_reason,
        "broken_reason": given.broken_reason,
        "artifact_paths": step.artifact_paths,
        **_render_times(given),
        "concurrency_wait_time_ms": None,
        "expired_at": None,
        **_render_retries(given),
        "parallel_group_index": given.parallel_index,
        "parallel_group_total": step.parallelism,
        "matrix": None,
        **_render_cluster(world, given),
    }


def _render_retries(given: Job) -> View:
    source = given.retry_of
    return {
        "retried": given.retried_in is not None,
        "retried_in_job_id": given.retried_in.id if given.retried_in else None,
        "retries_count": given.retries or None,
        "retry_source": {"job_id": source.id, "retry_type": source.retry_type} if source else None,
        "retry_type": given.retry_type,
        "retried_by": views.render_user(given.retried_by),
    }


def _render_cluster(world: World, given: Job) -> View:
    key = next((rule[6:] for rule in given.step.rules if rule.startswith("queue=")), "default")
    queue, cluster = world.find_queue(key), world.cluster
    cluster_url = views.api_url(world, f"/clusters/{cluster.id}")
    return {
        "cluster_id": cluster.id,
        "cluster_url": cluster_url,
        "cluster_queue_id": queue.id if queue else None,
        "cluster_queue_url": f"{cluster_url}/queues/{queue.id}" if queue else None,
    }
