"""Two hundred running builds, played by the simulated Buildkite: jobs start and end one by one."""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass, field

from simulators.buildkite import jobs
from simulators.buildkite.models import Build, Job
from simulators.buildkite.sim import BuildkiteSim

PIPELINES, RUNNING, JOBS = 20, 200, 225
# Share of builds with a failing job.
FAILURE_RATE = 0.1
# Jobs of a build that run at once.
_JOBS_AT_ONCE = 6


@dataclass
class Story:
    """The events of a build by the loop's clock: each phase with its time, and when each job passed."""

    build: Build
    phases: list[tuple[str, float]] = field(default_factory=list)
    passed: list[float] = field(default_factory=list)
    passed_at_start: int = 0
    fails_after: int | None = None
    running: deque[Job] = field(default_factory=deque)
    waiting: deque[Job] = field(default_factory=deque)

    @property
    def ended(self) -> bool:
        """Tell whether nothing can happen to it any more."""
        return not self.running and not self.waiting

    def age(self, count: int, now: float) -> float:
        """Return for how many seconds more than `count` jobs have passed."""
        known = max(count - self.passed_at_start, 0)
        return now - self.passed[known] if known < len(self.passed) else 0.0


class Builds:
    """Keeps RUNNING builds running: when one ends another starts. `step` plays the next event.

    `marks` are in the meta-data of each.
    """

    def __init__(self, buildkite: BuildkiteSim, seed: int) -> None:
        self.marks: dict[str, str] = {}
        self._buildkite = buildkite
        self._rng = random.Random(seed)
        self._turn: deque[Story] = deque()
        self.stories: dict[str, Story] = {}
        self.events = 0
        for at in range(PIPELINES):
            steps = [{"label": "Specs", "command": "make", "parallelism": JOBS}]
            buildkite.pipeline(f"load-{at}", steps=steps)

    def list_running(self) -> list[Story]:
        """Return the builds that haven't ended."""
        return list(self._turn)

    def start_all(self) -> None:
        """Start all builds, each at a random point of its life."""
        for at in range(RUNNING):
            story = self._start_build(f"load-{at % PIPELINES}", self._rng.randrange(JOBS))
            self._turn.append(story)
        self._rng.shuffle(self._turn)

    def step(self, now: float) -> None:
        """Start or end a job of the next build."""
        story = self._turn.popleft()
        if story.waiting and (len(story.running) < _JOBS_AT_ONCE or self._rng.random() < 0.5):
            job = story.waiting.popleft()
            jobs.start(self._buildkite, job)
            story.running.append(job)
        else:
            self._finish(story, now)
        self.events += 1
        if story.ended:
            story = self._start_build(story.build.pipeline.slug, 0)
        self._turn.append(story)

    def _finish(self, story: Story, now: float) -> None:
        job, failing = story.running.popleft(), story.build.failing_at
        fails = story.fails_after is not None and len(story.passed) == story.fails_after and not failing
        jobs.finish(self._buildkite, job, 1 if fails else 0)
        if not fails:
            story.passed.append(now)
        elif not story.ended:
            story.phases.append(("failing", now))
        if story.ended:
            story.phases.append((story.build.state, now))

    def _start_build(self, pipeline: str, done: int) -> Story:
        branch = f"branch-{self._rng.randrange(10**6)}"
        build = self._buildkite.create_build_elsewhere(pipeline, branch, meta_data=dict(self.marks))
        for job in build.jobs[:done]:
            job.state, job.exit_status = "passed", 0
            job.started_at = job.finished_at = self._buildkite.now()
        story = Story(build, passed_at_start=done, waiting=deque(build.jobs[done:]))
        if self._rng.random() < FAILURE_RATE:
            story.fails_after = self._rng.randrange(len(story.waiting))
        job = story.waiting.popleft()
        jobs.start(self._buildkite, job)
        story.running.append(job)
        self.stories[build.id] = story
        return story
