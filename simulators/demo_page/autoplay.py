"""Advances builds automatically at a pace that people can follow, with a failure now and then."""

import asyncio
import random
from collections.abc import Iterator
from dataclasses import dataclass

from simulators.buildkite.autoplay import find_free_agent
from simulators.buildkite.models import Build, Job
from simulators.buildkite.sim import BuildkiteSim
from simulators.demo_page.event_stream import Pulse
from simulators.demo_page.job_output import finish, start

DELIVERY_SECONDS = 0.15  # between checks of the outbox
FAILURE_RATE = 0.4  # share of builds with a job that fails at its first attempt


@dataclass
class Autoplay:
    """Settings of automatic builds: whether they run, seconds a step, and the seed that picks failures."""

    enabled: bool = True
    seconds: float = 3.0
    seed: int = 20

    def pick_failing_job(self, build: Build) -> Job | None:
        """Return the job that fails at its first attempt, if any: always the same one for a build."""
        draw = random.Random(f"{self.seed} {build.pipeline.slug} {build.number}")
        first = [job for job in build.jobs if job.kind == "script" and job.retry_of is None]
        unlucky = bool(first) and draw.random() < FAILURE_RATE
        return draw.choice(first[: max(1, len(first) - 1)]) if unlucky else None


def is_running(build: Build) -> bool:
    """Tell whether a job runs or waits for an agent."""
    return build.state in ("scheduled", "running", "failing", "canceling")


def take_step(buildkite: BuildkiteSim, autoplay: Autoplay) -> None:
    """Advance every running build by a step: start jobs on free agents, else end one job."""
    for build in [each for each in buildkite.builds if is_running(each)]:
        if build.state == "canceling" or not _start_jobs(buildkite, build):
            _end_oldest_job(buildkite, autoplay, build)


def _start_jobs(buildkite: BuildkiteSim, build: Build) -> bool:
    began = False
    for job in [each for each in build.current_jobs if each.state == "scheduled" and each.kind == "script"]:
        agent = find_free_agent(buildkite, job)
        if agent is not None:
            start(buildkite, job, agent)
            began = True
    return began


def _end_oldest_job(buildkite: BuildkiteSim, autoplay: Autoplay, build: Build) -> None:
    oldest = next(_sort_by_age(build), None)
    if oldest is None or build.state == "canceling":
        buildkite.advance(build)
    else:
        finish(buildkite, oldest, 1 if oldest is autoplay.pick_failing_job(build) else 0)


def _sort_by_age(build: Build) -> Iterator[Job]:
    running = [job for job in build.current_jobs if job.state == "running" and job.kind == "script"]
    return iter(sorted(running, key=lambda job: job.started_at or 0))


async def keep_playing(buildkite: BuildkiteSim, autoplay: Autoplay) -> None:
    """Take a step every `seconds` while autoplay is enabled."""
    while True:
        await asyncio.sleep(autoplay.seconds)
        buildkite.tick()
        if autoplay.enabled:
            take_step(buildkite, autoplay)


async def keep_delivering(buildkite: BuildkiteSim, pulse: Pulse) -> None:
    """Send webhooks as they fall due."""
    while True:
        if await buildkite.deliver():
            pulse.notify()
        await asyncio.sleep(DELIVERY_SECONDS)
