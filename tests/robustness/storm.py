"""A storm: many builds at once, webhooks in random order, doubled and lost, and a Slack that turns calls away.

Everything follows from the seed. For each build it is measured when its card showed the truth for good, and when
it showed why the build failed.
"""

from __future__ import annotations

import heapq
import math
import random
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.runtime.loop import LoopName
from simulators.buildkite.limits import Window
from simulators.buildkite.models import Build
from simulators.buildkite.server_state import RecordedRequest
from simulators.slack.changes import Subscription
from simulators.slack.models import Channel, Message
from tests.conversations.world import World
from tests.robustness.lives import open_town, settle
from tests.robustness.truth import WORDS, first_line, read_mark

# Seconds in which the builds run and their webhooks arrive, and for which the storm is watched in all.
LASTS, WATCHED = 60.0, 300.0
LOST, DOUBLED, TURNED_AWAY = 1 / 11, 1 / 10, 0.08
# One in so many builds fails.
FAILING = 8
PER_PAGE = 100
_NAMED = re.compile(r"(storm-\d+)#(\d+)")
_STEPS = (
    {"label": ":eslint: Lint", "command": "bin/lint", "key": "lint"},
    {"label": ":jest: Test", "command": "bin/test", "key": "test"},
)


@dataclass(frozen=True)
class StormPlan:
    """The size of a storm: builds that people ask for, builds of subscriptions, channels, requests a minute."""

    seed: int
    asked: int = 40
    subscribed: int = 160
    channels: int = 10
    requests: int = 50


@dataclass
class BuildStory:
    """A build of the storm; times are seconds since the storm began, None for what hasn't happened."""

    build: Build
    asked: bool
    true_at: float | None = None
    explained_at: float | None = None

    @property
    def failed(self) -> bool:
        """Tell whether the build failed."""
        return self.build.state == "failed"


@dataclass
class Storm:
    """A storm as it went: the stories of its builds, the reads, and the fewest reads that could have sufficed."""

    plan: StormPlan
    world: World
    began: float = 0.0
    stories: list[BuildStory] = field(default_factory=list)
    reads: list[RecordedRequest] = field(default_factory=list)
    webhooks: int = 0

    def now(self) -> float:
        """Return the seconds since the storm began."""
        return self.world.clock.monotonic() - self.began

    def ended_at(self, story: BuildStory) -> float:
        """Return when the build ended."""
        return (story.build.finished_at or 0.0) - (self.world.buildkite.now() - self.now())

    def delays(self, *, asked: bool | None = None) -> list[float]:
        """Return the seconds from each build's end to its true card; infinite for a card that never was."""
        chosen = [story for story in self.stories if asked in (None, story.asked)]
        return sorted(
            (math.inf if story.true_at is None else story.true_at) - self.ended_at(story) for story in chosen
        )

    def explanation_delays(self) -> list[float]:
        """Return the seconds from each failed build's end to a card that shows the failed step and its log."""
        failed = [story for story in self.stories if story.failed]
        return sorted(
            (math.inf if story.explained_at is None else story.explained_at) - self.ended_at(story)
            for story in failed
        )

    def count_reads(self) -> Counter[str]:
        """Return how many requests were sent to Buildkite, by what they asked for."""
        return Counter(_name_request(request) for request in self.reads)

    def count_fewest_reads(self) -> int:
        """Return the fewest requests: a page for a hundred ends of a minute, and the log of each failed build."""
        minutes = Counter(int(self.ended_at(story) // 60) for story in self.stories)
        return sum(-(-ends // PER_PAGE) for ends in minutes.values()) + sum(story.failed for story in self.stories)


def _name_request(request: RecordedRequest) -> str:
    place = request.path.partition("/organizations/acme-inc/")[2].split("/")
    if place[-1] == "builds":
        return "lists of the organization" if len(place) == 1 else "lists of pipelines"
    if place[-1] in ("log", "annotations"):
        return {"log": "logs", "annotations": "annotations"}[place[-1]]
    if len(place) == 4 and place[2] == "builds":
        return "explanations of waiting" if "job_states%5B%5D=scheduled" in request.query else "single builds"
    return "others"


@asynccontextmanager
async def open_storm(folder: Path, plan: StormPlan) -> AsyncIterator[Storm]:
    """Provide a storm that is about to begin: channels are subscribed, and people have started their builds."""
    async with open_town(folder) as lives:
        await lives.start_first_life()
        world = lives.world
        world.buildkite.limits.user = Window("rest_user", plan.requests, "RateLimit-User")
        for number in range(plan.channels):
            world.buildkite.pipeline(f"storm-{number}", steps=_STEPS)
            channel = world.slack.channel(f"C0STORM{number:02}", f"storm-{number}")
            await world.alice.types(
                channel, f"/bk subscribe storm-{number} --branch main --state passed,failed --yes"
            )
            await settle(world, 2)
        storm = Storm(plan, world)
        for number in range(plan.asked):
            channel = find_channel(world, number % plan.channels)
            await world.bob.types(channel, f"/bk build create storm-{number % plan.channels} -b branch-{number}")
            await settle(world, 5)
            storm.stories.append(BuildStory(world.buildkite.builds[-1], asked=True))
        await settle(world, 60)
        yield storm


def find_channel(world: World, number: int) -> Channel:
    """Return a channel of the storm."""
    return world.slack.channels[f"C0STORM{number:02}"]


async def play_storm(storm: Storm) -> None:
    """Let the storm rage, and watch what the channels show until long after it."""
    world, plan = storm.world, storm.plan
    storm.began = world.clock.monotonic()
    rng = random.Random(plan.seed)
    world.buildkite.hooks.rng.seed(plan.seed)
    network = world.buildkite.network
    network.drop, network.double, network.delay, network.longest = LOST, DOUBLED, 1.0, LASTS
    world.slack.faults.rate_limit_share("chat.", TURNED_AWAY, plan.seed)
    requests, hooks = len(world.buildkite.requests), []
    world.buildkite.listeners.append(lambda event, _subject: hooks.append(event))
    acts = _plan_acts(storm, rng)
    heapq.heapify(acts)
    idle: dict[LoopName, datetime] = {}
    async with world.slack.subscribe() as changes:
        while storm.now() < WATCHED:
            while acts and acts[0][0] <= storm.now():
                heapq.heappop(acts)[2]()
            await settle(world, 1, idle)
            _observe(storm, _drain(changes))
            if _is_over(storm):
                break
    storm.reads, storm.webhooks = list(world.buildkite.requests)[requests:], len(hooks)


def _drain(changes: Subscription) -> set[tuple[str, str]]:
    """Return the messages that were posted or edited since the last call, by channel and time."""
    found = set()
    while not changes.queue.empty():
        change = changes.queue.get_nowait()
        if change["what"] == "message":
            found.add((change["channel"], change["ts"]))
    return found


def _is_over(storm: Storm) -> bool:
    """Tell whether nothing more can be measured."""
    unexplained = [story for story in storm.stories if story.failed and story.explained_at is None]
    return storm.now() > 2 * LASTS and not unexplained and all(story.true_at for story in storm.stories)


Act = tuple[float, int, Callable[[], object]]


def _plan_acts(storm: Storm, rng: random.Random) -> list[Act]:
    """Plan the lives of all builds: when each begins, and when its jobs start and finish."""
    acts: list[Act] = []
    for number in range(storm.plan.asked + storm.plan.subscribed):
        begins = rng.uniform(0, LASTS / 3)
        asked = number < storm.plan.asked
        fails = rng.random() < 1 / FAILING
        moments = sorted(rng.uniform(begins, LASTS) for _ in range(2 * len(_STEPS)))
        life = _Life(storm, storm.stories[number] if asked else None, number % storm.plan.channels, fails, rng)
        if not asked:
            acts.append((begins, number, life.create))
        acts += [(moment, number, life.step) for moment in moments]
    return acts


@dataclass
class _Life:
    """The life of a build: created on main unless someone asked for it, then step by step to its end."""

    storm: Storm
    story: BuildStory | None
    place: int
    fails: bool
    rng: random.Random

    def create(self) -> None:
        """Create the build as a push does."""
        sim = self.storm.world.buildkite
        build = sim.create_build_elsewhere(
            f"storm-{self.place}", "main", commit=f"{self.rng.getrandbits(160):040x}"
        )
        self.story = BuildStory(build, asked=False)
        self.storm.stories.append(self.story)

    def step(self) -> None:
        """Start the next job, or finish one."""
        assert self.story is not None
        sim, jobs = self.storm.world.buildkite, self.story.build.current_jobs
        waiting = [job for job in jobs if job.state == "scheduled"]
        if waiting:
            sim.start_job(waiting[0].id)
            return
        job = next(job for job in jobs if job.state == "running")
        failing = self.fails and job.step.key == "test"
        sim.log(job.id, "Expected 200, got 500\n" if failing else "All good.\n")
        sim.finish_job(job.id, int(failing))


def _observe(storm: Storm, changed: set[tuple[str, str]]) -> None:
    """Note which cards became true, or were no longer."""
    stories = {(story.build.pipeline.slug, story.build.number): story for story in storm.stories}
    for channel, ts in changed:
        message = storm.world.slack.find_message(channel, ts)
        if message and message.bot and not read_mark(message).startswith(("notice:", "answer:")):
            named = _NAMED.search(first_line(message))
            story = stories.get((named[1], int(named[2]))) if named else None
            if story:
                _note(storm, story, message)


def _note(storm: Storm, story: BuildStory, message: Message) -> None:
    build, text, line = story.build, message.plain(), first_line(message).replace("*", "")
    is_true = build.finished_at is not None and f"#{build.number} {WORDS[build.inner_state]} " in line
    story.true_at = (story.true_at or storm.now()) if is_true else None
    says_why = "Test" in text and ("Expected 200, got 500" in text or "still failing" in text.lower())
    story.explained_at = (story.explained_at or storm.now()) if is_true and story.failed and says_why else None
