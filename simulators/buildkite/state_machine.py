"""Derives a build's state from the states of its jobs."""

from simulators.buildkite.models import ACTIVE, PARKED, Build, Job
from simulators.buildkite.state import World


def settle(world: World, build: Build) -> None:
    """Schedule the jobs that may run, then update the build's state. Call it after any change of a job."""
    if build.state in ("canceled", "skipped"):
        return
    if build.state == "canceling":
        if not any(job.state in ACTIVE for job in build.jobs):
            end(world, build, "canceled")
        return
    _open_jobs(world, build)
    _conclude(world, build)


def _open_jobs(world: World, build: Build) -> None:
    gate: str | None = None
    for job in build.current_jobs:
        if gate is None:
            gate = _reach(world, job)
        elif job.state in PARKED:
            gate = _park(job, gate)


def _park(job: Job, gate: str) -> str:
    """Keep `job` waiting behind a gate; return the gate for the jobs after it."""
    if gate.endswith("failed") and job.kind in ("wait", "block"):
        gate = "waiting_failed" if job.kind == "wait" else "blocked_failed"
    job.state = gate
    return gate


def _reach(world: World, job: Job) -> str | None:
    """Advance `job`, which nothing before it holds back; return the gate that it closes, if any."""
    if job.kind == "wait":
        return _reach_wait(world, job)
    if job.kind == "block":
        return _reach_block(job)
    if job.state in PARKED:
        job.state = "blocked" if job.kind == "input" else "scheduled"
        if job.kind != "input":
            make_runnable(world, job)
    return None


def _earlier(job: Job) -> list[Job]:
    jobs = job.build.current_jobs
    return [other for other in jobs[: jobs.index(job)] if other.kind != "input"]


def _reach_wait(world: World, job: Job) -> str | None:
    before = _earlier(job)
    if any(other.state in ACTIVE for other in before):
        return _park(job, "waiting")
    if any(other.hard_failed for other in before) and not job.step.continue_on_failure:
        return _park(job, "waiting_failed")
    if job.state != "passed":
        job.state, job.finished_at = "passed", world.now()
    return None


def _reach_block(job: Job) -> str | None:
    before = _earlier(job)
    if job.state == "unblocked":
        return None
    if any(other.state in ACTIVE for other in before):
        return _park(job, "waiting")
    if any(other.hard_failed for other in before):
        return _park(job, "blocked_failed")
    return _park(job, "blocked")


def make_runnable(world: World, job: Job) -> None:
    job.state = "scheduled"
    job.scheduled_at = job.runnable_at = world.now()
    if job.kind == "script":
        world.emit("job.scheduled", job)
    else:
        world.emit("trigger.reached", job)


def _conclude(world: World, build: Build) -> None:
    jobs = build.current_jobs
    failed = any(job.hard_failed for job in jobs)
    if failed:
        _turn_failing(world, build)
    if any(job.state in ACTIVE for job in jobs):
        return
    waiting = next((job for job in jobs if job.manual and job.state == "blocked"), None)
    if failed:
        end(world, build, "failed")
    elif waiting:
        _block(world, build, waiting)
    else:
        unrun = bool(jobs) and all(job.state in ("broken", "skipped") for job in jobs)
        end(world, build, "not_run" if unrun else "passed")


def _turn_failing(world: World, build: Build) -> None:
    if build.finished_at is None:
        build.state = "failing"
    if build.failing_at is None:
        build.failing_at = world.now()
        world.emit("build.failing", build)


def _block(world: World, build: Build, waiting: Job) -> None:
    if build.blocked:
        return
    build.state, build.blocked = waiting.step.blocked_state, True
    build.finished_at = world.now()
    world.emit("build.finished", build)


def end(world: World, build: Build, state: str) -> None:
    """End the build, emit the event, and pass the result to the job that triggered it."""
    if build.finished_at is not None and build.state == state and not build.blocked:
        return
    build.state, build.blocked, build.finished_at = state, False, world.now()
    world.emit("build.finished", build)
    parent = build.parent
    if parent and parent.state == "running":
        parent.state = "passed" if state == "passed" else "failed"
        parent.finished_at = world.now()
        world.emit("job.finished", parent)
        settle(world, parent.build)


def reopen(world: World, build: Build) -> None:
    """Continue a finished or blocked build after an unblock or a retry."""
    was_over = build.finished_at is not None
    build.blocked, build.finished_at = False, None
    if was_over:
        build.state = "running" if build.started_at else "scheduled"
        if build.started_at:
            world.emit("build.running", build)
