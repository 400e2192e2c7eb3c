"""Seeds an organization with a week of past builds, the same for the same seed."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

from simulators.buildkite import autoplay, jobs
from simulators.buildkite.builds import create
from simulators.buildkite.models import Build
from simulators.buildkite.state import World

DAY = 86_400.0
# (shortest, longest) seconds until a build's first job starts, and that a job takes.
QUEUED, TAKEN = (4.0, 90.0), (30.0, 420.0)
# (pipeline, builds a day, commit messages, step that fails, failure rate)
HABITS = (
    ("web", 4, ("Smaller images", "Currency in the footer", "Fewer queries"), "test", 0.35),
    ("api", 2, ("Paginate orders", "Drop the old login", "Faster search"), "test", 0.3),
    ("deploy-prod", 1, ("Release",), "test", 0.15),
)
FLAKY = 0.4  # share of failures that pass when someone retries them
BRANCHES = ("main", "main", "main", "feature/basket", "fix/vat")


def seed_past(world: World, days: int = 7, seed: int = 7) -> None:
    """Add builds of the last days. Call it before anything listens; the clock is restored afterwards."""
    draw, now = random.Random(seed), world.now()
    starts = sorted(_plan_starts(draw, now, days))
    with _override_clock(world, now) as clock:
        for at, habit in starts:
            clock[0] = at
            _play_build(world, clock, draw, *habit)


@contextmanager
def _override_clock(world: World, now: float) -> Iterator[list[float]]:
    before, clock = world.now, [now]
    world.now = lambda: clock[0]
    try:
        yield clock
    finally:
        world.now = before


def _plan_starts(
    draw: random.Random, now: float, days: int
) -> Iterator[tuple[float, tuple[str, str, str, float]]]:
    """Yield start times and their builds; none within the last hour and a half, so that all have ended."""
    for day in range(days, 0, -1):
        for pipeline, count, texts, step, share in HABITS:
            for _ in range(draw.randint(count - 1, count + 1)):
                at = now - day * DAY + draw.uniform(0, DAY - 5400)
                yield at, (pipeline, draw.choice(texts), step, share)


def _play_build(
    world: World, clock: list[float], draw: random.Random, pipeline: str, text: str, step: str, share: float
) -> None:
    author = draw.choice(world.users)
    branch = "main" if pipeline == "deploy-prod" else draw.choice(BRANCHES)
    build = create(
        world,
        world.pipelines[pipeline],
        branch=branch,
        commit=f"{draw.getrandbits(160):040x}",
        message=text,
        creator=author,
        source="webhook",
        author={"username": None, "name": author.name, "email": author.email},
    )
    fail = {step} if draw.random() < share else set()
    clock[0] += draw.uniform(*QUEUED)
    _play_to_end(world, clock, draw, build, fail)
    failed = [job for job in build.current_jobs if job.state == "failed"]
    if failed and draw.random() < FLAKY:
        clock[0] += draw.uniform(*TAKEN)
        for job in failed:
            jobs.retry(world, job, author)
        _play_to_end(world, clock, draw, build, set())


def _play_to_end(world: World, clock: list[float], draw: random.Random, build: Build, fail: set[str]) -> None:
    """Run job after job; the build's author unblocks it."""
    while build.finished_at is None or build.blocked:
        gate = next((job for job in build.current_jobs if job.state == "blocked"), None)
        if gate:
            jobs.unblock(world, gate, build.creator or world.user, {"release-name": "2026.11", "ring": "all"})
        elif not autoplay.advance(world, build, fail):
            return
        clock[0] += draw.uniform(*TAKEN) / 2
