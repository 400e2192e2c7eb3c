"""Changes of a job: start, finish, retry, unblock, trigger."""

import re
from collections.abc import Mapping
from typing import Any

from simulators.buildkite import builds
from simulators.buildkite.models import ACTIVE, PARKED, Agent, Build, Job, User
from simulators.buildkite.state import World
from simulators.buildkite.state_machine import reopen, settle
from simulators.buildkite.values import Refusal

RETRYABLE = ("failed", "timed_out", "canceled", "expired")
RETRY_STATES = ("canceled", "expired", "failed", "soft_failed", "timed_out")


def start(world: World, job: Job, agent: Agent | None = None) -> None:
    """Start the job, on `agent` if there is one. Raise Refusal if it isn't scheduled."""
    if job.kind != "script" or job.state != "scheduled":
        raise Refusal(422, f"A {job.kind} job that is {job.state} cannot start")
    build = job.build
    job.state, job.started_at, job.agent = "running", world.now(), agent
    if agent:
        agent.job = job
    if build.state == "scheduled":
        _begin(world, build)
    world.emit("job.started", job)


def _begin(world: World, build: Build) -> None:
    build.state = "running"
    build.started_at = build.started_at or world.now()
    if build.commit == "HEAD":  # resolved by the first agent's checkout
        build.commit = f"{world.rng.getrandbits(160):040x}"
    world.emit("build.running", build)


def finish(
    world: World, job: Job, exit_status: int = 0, *, soft: bool = False, signal_reason: str | None = None
) -> None:
    """End the job's process. Raise Refusal if the job isn't running."""
    if job.state not in ("running", "canceling") or job.kind != "script":
        raise Refusal(422, f"A {job.kind} job that is {job.state} cannot finish")
    if job.state == "canceling":
        _end_canceled(job)
    else:
        job.state, job.exit_status = ("failed" if exit_status else "passed"), exit_status
        job.soft_failed = bool(exit_status) and (soft or job.step.soft_fail)
        job.signal_reason = signal_reason
    job.finished_at = world.now()
    release(world, job)
    world.emit("job.finished", job)
    if job.hard_failed and job.state == "failed" and job.retries < job.step.automatic_retries:
        _replace(world, job, "automatic", None)
    settle(world, job.build)


def cancel(world: World, job: Job) -> None:
    """Cancel one command job while its build continues. Raise Refusal if the job has ended."""
    if job.state not in ACTIVE | PARKED or job.state in ("canceling", "timing_out"):
        raise Refusal(422, "Job can't be canceled because it has already finished")
    builds.cancel_job(world, job)
    settle(world, job.build)


def _end_canceled(job: Job) -> None:
    job.state, job.exit_status = "canceled", -1
    job.signal, job.signal_reason = "SIGTERM", job.signal_reason or "cancel"


def release(world: World, job: Job) -> None:
    """Free the job's agent; one that is stopping gracefully stops now."""
    agent = job.agent
    if agent is None or agent.job is not job:
        return
    agent.job, agent.last_job_finished_at = None, world.now()
    if agent.connection_state == "stopping":
        agent.connection_state, agent.stopped_at = "stopped", world.now()
        world.emit("agent.stopped", agent)


def _replace(world: World, job: Job, kind: str, by: User | None) -> Job:
    build = job.build
    fresh = builds.new_job(world, build, job.step, job.parallel_index)
    fresh.retry_of, fresh.retries, fresh.priority = job, job.retries + 1, job.priority
    job.retried_in, job.retry_type, job.retried_by = fresh, kind, by
    build.jobs.insert(build.jobs.index(job) + 1, fresh)
    return fresh


def _may_restart(build: Build) -> None:
    parent = build.parent
    if build.state in ("canceled", "canceling"):
        raise Refusal(422, "Jobs from canceled builds cannot be retried")
    if parent and not parent.step.is_async and parent.build.state in ("canceled", "canceling"):
        raise Refusal(
            422,
            "This job can't be retried because this build was triggered"
            " by a synchronous trigger step in a canceled build",
        )


def retry(world: World, job: Job, by: User) -> Job:
    """Return the new job that replaces this one. Raise Refusal with Buildkite's message."""
    if job.kind != "script" or job.state not in RETRYABLE:
        raise Refusal(400, "Only failed, timed out or canceled jobs can be retried")
    if job.retried_in is not None:
        raise Refusal(422, "This job has already been retried")
    _may_restart(job.build)
    fresh = _replace(world, job, "manual", by)
    reopen(world, job.build)
    settle(world, job.build)
    return fresh


def retry_failed(world: World, build: Build, states: str | None, by: User) -> int:
    """Retry every job in one of `states` (comma-separated, default all); return how many."""
    wanted = [word.strip() for word in states.split(",")] if states else list(RETRY_STATES)
    unknown = [word for word in wanted if word not in RETRY_STATES]
    if unknown:
        valid = ", ".join(RETRY_STATES)
        raise Refusal(400, f"Invalid states: {', '.join(unknown)}. Valid states are {valid}.")
    _may_restart(build)
    chosen = [job for job in build.current_jobs if _retry_state(job) in wanted and job.kind == "script"]
    for job in chosen:
        _replace(world, job, "manual", by)
    if chosen:
        reopen(world, build)
        settle(world, build)
    return len(chosen)


def _retry_state(job: Job) -> str:
    return "soft_failed" if job.soft_failed else job.state


def unblock(world: World, job: Job, by: User, fields: Mapping[str, Any] | None = None) -> None:
    """Unblock the build; `fields` become meta-data. Raise Refusal with Buildkite's message."""
    if not job.manual:
        raise Refusal(400, "This job type cannot be unblocked")
    if job.build.state in ("canceled", "canceling"):
        raise Refusal(422, "Jobs from canceled builds cannot be unblocked")
    if job.state != "blocked":
        raise Refusal(422, "The job's state must be blocked")
    answers = _answers(job, fields or {})
    job.state, job.unblocked_by, job.unblocked_at = "unblocked", by, world.now()
    job.finished_at = world.now()
    job.build.meta_data.update(answers)
    world.emit("job.activated", job)
    if not any(other.state in ACTIVE for other in job.build.current_jobs):
        reopen(world, job.build)
    settle(world, job.build)


def _answers(job: Job, fields: Mapping[str, Any]) -> dict[str, str]:
    given = {str(key): "\n".join(v) if isinstance(v, list) else str(v) for key, v in fields.items()}
    for definition in job.step.fields:
        key = definition["key"]
        if not given.get(key) and definition.get("default") is not None:
            given[key] = str(definition["default"])
        _check_answer(definition, given.get(key))
    return given


def _check_answer(definition: Mapping[str, Any], answer: str | None) -> None:
    key = definition["key"]
    if not answer:
        if definition.get("required", True):
            raise Refusal(422, f"Validation failed: {key} is required")
        return
    options = [str(option["value"]) for option in definition.get("options") or ()]
    if options and not set(answer.split("\n")) <= set(options):
        raise Refusal(422, f"Validation failed: {key} is not one of the options")
    pattern = definition.get("format")
    if pattern and not re.search(pattern, answer):
        raise Refusal(422, f"Validation failed: {key} has the wrong format")


def fire_trigger(world: World, job: Job) -> None:
    """Create the build of a trigger step; an asynchronous step passes at once."""
    target = world.pipelines.get(job.step.target or "")
    job.started_at = world.now()
    if target is None:
        job.state, job.finished_at = "failed", world.now()
        world.emit("job.finished", job)
        return
    job.state = "passed" if job.step.is_async else "running"
    if job.step.is_async:
        job.finished_at = world.now()
    wanted, build = job.step.trigger, job.build
    job.triggered = builds.create(
        world,
        target,
        branch=str(wanted.get("branch") or target.default_branch),
        commit=str(wanted.get("commit") or "HEAD"),
        message=str(wanted.get("message") or build.message or ""),
        creator=build.creator,
        source="trigger_job",
        meta_data={str(k): str(v) for k, v in (wanted.get("meta_data") or {}).items()},
        env={str(k): str(v) for k, v in (wanted.get("env") or {}).items()},
        parent=job,
    )
    if job.step.is_async:
        world.emit("job.finished", job)


def append_log(world: World, job: Job, text: str) -> None:
    """Append output, with the time of its arrival."""
    job.log += text.encode()
    job.log_times.append(int(world.now() * 1_000_000_000))
    world.emit("job.log", job)
