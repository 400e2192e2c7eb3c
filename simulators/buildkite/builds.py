"""Changes of a build: create, cancel, rebuild, skip."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from simulators.buildkite.models import ACTIVE, PARKED, Build, Job, Pipeline, Step, User
from simulators.buildkite.state import World
from simulators.buildkite.state_machine import settle
from simulators.buildkite.values import Refusal, refuse_invalid


def create(
    world: World,
    pipeline: Pipeline,
    *,
    branch: str,
    commit: str = "HEAD",
    message: str | None = None,
    creator: User | None = None,
    source: str = "api",
    **more: Any,
) -> Build:
    """Create a scheduled build; older ones are skipped or canceled if the pipeline says so.

    `more` are further fields of a Build.
    """
    if pipeline.archived_at is not None:
        raise Refusal(422, "Builds can't be created for an archived pipeline")
    pipeline.last_number += 1
    build = Build(
        id=world.new_id(),
        pipeline=pipeline,
        number=pipeline.last_number,
        state="scheduled",
        branch=branch,
        commit=commit,
        message=message,
        created_at=world.now(),
        scheduled_at=world.now(),
        creator=creator,
        source=source,
        **more,
    )
    _give_way(world, build)
    world.builds.append(build)
    build.jobs = [job for step in pipeline.steps for job in _make_jobs(world, build, step)]
    world.emit("build.scheduled", build)
    settle(world, build)
    return build


def _give_way(world: World, newer: Build) -> None:
    options = newer.pipeline.options
    for build in list(world.builds):
        if build.pipeline is not newer.pipeline or build.branch != newer.branch:
            continue
        if build.state == "scheduled" and options.get("skip_queued_branch_builds"):
            skip(world, build)
        elif build.state in ("running", "failing") and options.get("cancel_running_branch_builds"):
            cancel(world, build, reason="Canceled because a newer build was created on this branch")


def _make_jobs(world: World, build: Build, step: Step) -> list[Job]:
    indexes = range(step.parallelism) if step.parallelism else (None,)
    jobs = [new_job(world, build, step, index) for index in indexes]
    world.jobs.update((job.id, job) for job in jobs)
    return jobs


def new_job(world: World, build: Build, step: Step, index: int | None = None) -> Job:
    job = Job(world.new_id(), replace(step), build, "pending", world.now(), parallel_index=index)
    world.jobs[job.id] = job
    return job


def skip(world: World, build: Build) -> None:
    """Skip a build, because a newer one on its branch replaces it."""
    build.state = "skipped"
    for job in build.jobs:
        if job.state in ACTIVE | PARKED:
            job.state = "skipped"
    world.emit("build.skipped", build)


def cancel(world: World, build: Build, reason: str | None = None) -> None:
    """Cancel a build. Raise Refusal 422 unless it is scheduled, running or failing."""
    if build.state not in ("scheduled", "running", "failing"):
        raise Refusal(422, "Build can't be canceled because it's already finished.")
    build.state, build.cancel_reason, build.blocked = "canceling", reason, False
    for job in build.current_jobs:
        cancel_job(world, job)
    settle(world, build)
    world.emit("build.changed", build)


def cancel_job(world: World, job: Job) -> None:
    """Stop a running job; cancel one that hasn't started."""
    if job.state == "running" and job.kind == "script":
        job.state = "canceling"
    elif job.state in ACTIVE | PARKED:
        scheduled = job.state == "scheduled" and job.kind == "script"
        job.state, job.finished_at = "canceled", world.now()
        if scheduled:
            world.emit("job.finished", job)


def rebuild(world: World, build: Build, by: User) -> Build:
    """Create a build of the same commit, branch, message, env and meta-data."""
    if build.pipeline.options.get("allow_rebuilds") is False:
        raise Refusal(422, "Rebuilds are not allowed for this pipeline")
    return create(
        world,
        build.pipeline,
        branch=build.branch,
        commit=build.commit,
        message=build.message,
        creator=by,
        author=build.author,
        env=dict(build.env),
        meta_data=dict(build.meta_data),
        pull_request=build.pull_request,
        rebuilt_from=build,
    )


def from_body(world: World, pipeline: Pipeline, body: Mapping[str, Any], by: User) -> Build:
    """Create a build from a request body. Raise Refusal 422 if the body is invalid."""
    wrong = {name: "missing" for name in ("commit", "branch") if not isinstance(body.get(name), str)}
    if wrong:
        raise refuse_invalid(**wrong)
    pull_request = body.get("pull_request_id")
    return create(
        world,
        pipeline,
        branch=body["branch"],
        commit=body["commit"],
        message=body.get("message"),
        creator=by,
        author={"username": None, **(body.get("author") or {"name": by.name, "email": by.email})},
        env={str(key): str(value) for key, value in (body.get("env") or {}).items()},
        meta_data={str(key): _text(value) for key, value in (body.get("meta_data") or {}).items()},
        pull_request=_pull_request(body) if pull_request else None,
    )


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _pull_request(body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(body["pull_request_id"]),
        "base": body.get("pull_request_base_branch"),
        "repository": body.get("pull_request_repository"),
    }
