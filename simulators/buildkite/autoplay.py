"""Advances builds: one step at a time, or to their end."""

from collections.abc import Collection

from simulators.buildkite import agents, jobs
from simulators.buildkite.models import Agent, Build, Job
from simulators.buildkite.state import World


def find_free_agent(world: World, job: Job) -> Agent | None:
    """Find an idle agent with all of the job's tags, in a queue that isn't paused."""
    for agent in world.agents.values():
        if not agent.idle or not set(job.step.rules) <= set(agent.tags):
            continue
        queue = world.find_queue(agent.queue)
        if queue is None or not queue.paused:
            return agent
    return None


def _find_running(build: Build) -> list[Job]:
    return [job for job in build.current_jobs if job.state in ("running", "canceling")]


def _find_scheduled(build: Build) -> list[Job]:
    ready = [job for job in build.current_jobs if job.state == "scheduled" and job.kind == "script"]
    return sorted(ready, key=lambda job: -job.priority)


def advance(world: World, build: Build, fail: Collection[str] = ()) -> bool:
    """Take one step: end a canceled job, else start a job on a free agent, else end the oldest job.

    Jobs named in `fail` end with exit status 1. Return False if the build can't advance without a person.
    """
    return (
        _stop_canceling(world, build)
        or _start_one(world, build)
        or _finish_one(world, build, fail)
        or any(advance(world, job.triggered, fail) for job in _find_running(build) if job.triggered)
    )


def _stop_canceling(world: World, build: Build) -> bool:
    for job in _find_running(build):
        if job.state == "canceling":
            jobs.finish(world, job, -1)
            return True
    return False


def _start_one(world: World, build: Build) -> bool:
    for job in _find_scheduled(build):
        agent = find_free_agent(world, job)
        if agent:
            jobs.start(world, job, agent)
            jobs.append_log(world, job, f"~~~ Running on {agent.name}\n$ {job.step.command or 'true'}\n")
            return True
    return False


def _finish_one(world: World, build: Build, fail: Collection[str]) -> bool:
    running = [job for job in _find_running(build) if job.kind == "script"]
    if not running:
        return False
    job = min(running, key=lambda job: job.started_at or 0)
    _finish(world, job, fail)
    return True


def _finish(world: World, job: Job, fail: Collection[str]) -> None:
    status = 1 if job.name in fail or job.step.key in fail else 0
    jobs.append_log(world, job, f"^^^ +++\nexit status {status}\n" if status else "All good.\n")
    jobs.finish(world, job, status)


def run(world: World, build: Build, fail: Collection[str] = ()) -> None:
    """Run the build to its end or to a block step, with or without agents."""
    while _stop_canceling(world, build) or _run_one(world, build, fail):
        pass


def _run_one(world: World, build: Build, fail: Collection[str]) -> bool:
    for job in _find_scheduled(build):
        jobs.start(world, job, find_free_agent(world, job))
        return True
    if _finish_one(world, build, fail):
        return True
    waiting_for = [job.triggered for job in _find_running(build) if job.triggered]
    return any(_run_one(world, inner, fail) for inner in waiting_for)


def tick(world: World) -> None:
    """Apply what happens as time passes."""
    agents.wake_paused(world)
