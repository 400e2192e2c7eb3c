"""Noise of a week: posts in a channel by Kitestring, by Buildkite's own Slack service, and by a post per webhook.

The simulated Buildkite plays an invented week, the same for the same seed: pipelines, branches, breakages that
last until someone fixes them, flaky steps, retries by Buildkite and by people, deploys that wait. The bot is the
real one, over real HTTP on loopback; only the clock is simulated.
"""

from __future__ import annotations

import argparse
import asyncio
import heapq
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from simulators.buildkite.models import Build
from tests.conversations.world import World, open_world

WEEK = 7 * 24 * 3600.0
# (pipeline, share of all builds, share of them on main)
PIPELINES = (("web", 0.4, 0.35), ("api", 0.3, 0.35), ("mobile", 0.15, 0.3), ("deploy-prod", 0.15, 1.0))
BREAKS = 0.05  # share of commits on main that break it; the following builds fail too, until it is fixed
FIXED_AFTER = (1, 6)  # builds
BRANCH_FAILS = 0.22  # share of failing builds on other branches
FLAKES = 0.03  # share of steps that fail once and pass when retried
RETRIED = 0.7  # share of flaky failures that a person retries some minutes later
STEP = 45.0  # seconds between two events of a build
TOGETHER = 5.0  # events within this many seconds are delivered together


@dataclass(order=True)
class _Turn:
    at: float
    order: int
    play: _PlannedBuild = field(compare=False)


@dataclass
class _PlannedBuild:
    """A build of the week, and which of its steps will fail."""

    pipeline: str
    branch: str
    fails: tuple[str, ...] = ()
    flaky: bool = False
    build: Build | None = None


@dataclass
class Week:
    """The counts of a week."""

    builds: int = 0
    webhooks: Counter[str] = field(default_factory=Counter)
    slack: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    subscribed: str = ""


def generate_week(count: int, seed: int) -> Iterator[tuple[float, _PlannedBuild]]:
    """Yield `count` builds over a week in order of their start, more of them by day."""
    rng = random.Random(seed)
    times = sorted(_pick_time(rng) for _ in range(count))
    broken: dict[str, int] = {}
    for at in times:
        (pipeline, _share, on_main) = rng.choices(PIPELINES, [share for _p, share, _m in PIPELINES])[0]
        branch = "main" if rng.random() < on_main else f"feature-{rng.randrange(60)}"
        yield at, _plan_build(rng, pipeline, branch, broken)


def _pick_time(rng: random.Random) -> float:
    """Pick a time, mostly in working hours of five days."""
    day = rng.choices(range(7), (10, 10, 10, 10, 9, 1, 1))[0]
    return day * 86400 + min(max(rng.gauss(14, 3.5), 0), 23.9) * 3600


def _plan_build(rng: random.Random, pipeline: str, branch: str, broken: dict[str, int]) -> _PlannedBuild:
    if branch == "main":
        left = broken.get(pipeline, 0)
        if not left and rng.random() < BREAKS:
            left = rng.randint(*FIXED_AFTER)
        broken[pipeline] = max(left - 1, 0)
        fails = bool(left)
    else:
        fails = rng.random() < BRANCH_FAILS
    flaky = not fails and rng.random() < FLAKES * 3
    return _PlannedBuild(pipeline, branch, ("test",) if fails or flaky else (), flaky)


async def play_week(folder: Path, count: int, seed: int, words: str) -> Week:
    """Play the week with one channel subscribed with those words (empty: without a subscription)."""
    week = Week(subscribed=words)
    async with open_world(folder) as world:
        for number in range(40):
            world.buildkite.agent(f"more-{number}", queue="default" if number % 3 else "deploy")
        if words:
            await world.alice.types(world.deploys, f"/bk subscribe {words} --yes")
        await world.settle(3)
        _count(world, Week())
        await _play_week(world, week, [(at, play) for at, play in generate_week(count, seed)], random.Random(seed))
        await world.settle(60, step=5)
        _count(world, week)
    return week


async def _play_week(
    world: World, week: Week, plays: list[tuple[float, _PlannedBuild]], rng: random.Random
) -> None:
    turns = [_Turn(at, order, play) for order, (at, play) in enumerate(plays)]
    heapq.heapify(turns)
    began, order = world.clock.monotonic(), len(turns)
    while turns:
        turn = heapq.heappop(turns)
        world.clock.advance(max(turn.at - (world.clock.monotonic() - began), 0))
        again = _step(world, week, turn.play, rng)
        if not turns or turns[0].at - turn.at > TOGETHER:
            await _settle(world)
            _count(world, week)
        if again is not None:
            order += 1
            heapq.heappush(turns, _Turn(turn.at + again, order, turn.play))


def _step(world: World, week: Week, play: _PlannedBuild, rng: random.Random) -> float | None:
    """Take one step of a build; return the seconds until the next, None at the end."""
    if play.build is None:
        week.builds += 1
        play.build = world.buildkite.create_build_elsewhere(
            play.pipeline, play.branch, commit=f"{rng.getrandbits(160):040x}", source="webhook"
        )
        return STEP
    if world.buildkite.advance(play.build, play.fails):
        return STEP
    waiting = [job for job in play.build.jobs if job.manual and job.state == "blocked"]
    if waiting:
        world.buildkite.unblock(waiting[0].id, {"release-name": "week"})
        return STEP
    if play.flaky and play.build.state == "failed" and rng.random() < RETRIED:
        play.flaky, play.fails = False, ()
        for job in [job for job in play.build.jobs if job.state == "failed" and job.retried_in is None]:
            world.buildkite.retry_job(job.id)
        return 300.0
    return None


async def _settle(world: World) -> None:
    """Run everything that is due now and in the next two seconds."""
    for _ in range(2):
        while await _run_loops(world):
            pass
        world.clock.advance(2)


async def _run_loops(world: World) -> int:
    """Run the bot's loops once: deliver and read webhooks, poll, post messages."""
    bot = world.bot
    done = (
        len(await world.buildkite.deliver())
        + await bot.workspace.readers.inbox.tick()
        + await bot.workspace.readers.poller.tick()
    )
    return (
        done
        + await bot.workspace.readers.failure_lookup.tick()
        + await bot.workspace.readers.catch_up.tick()
        + await bot.workspace.publishers.card_publisher.tick()
        + await bot.workspace.publishers.reply_publisher.tick()
    )


def _count(world: World, week: Week) -> None:
    week.webhooks.update(item.event for item in world.buildkite.hooks.history if item.status)
    week.slack.update(call.method for call in world.slack.calls)
    week.reads += len(world.buildkite.requests)
    for seen in (world.buildkite.hooks.history, world.slack.calls, world.buildkite.requests):
        seen.clear()


def render_table(weeks: list[Week]) -> str:
    """Return the table of docs/performance.md."""
    first = weeks[0]
    builds, hooks = first.builds, first.webhooks
    service = hooks["build.failing"] + hooks["build.finished"]
    naive = sum(hooks.values())
    rows = [
        "| what tells the channel | posts | a build | edits | reads at Buildkite |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(_render_row(f"Kitestring, `subscribe {week.subscribed}`", week) for week in weeks),
        _render_plain_row("Buildkite's own service: at `build.failing` and `build.finished`", service, builds),
        _render_plain_row("one post a webhook", naive, builds),
    ]
    return "\n".join(rows)


def _render_plain_row(name: str, posts: int, builds: int) -> str:
    return f"| {name} | {posts} | {posts / builds:.2f} | – | – |"


def _render_row(name: str, week: Week) -> str:
    posts = week.slack["chat.postMessage"]
    return f"| {name} | {posts} | {posts / week.builds:.2f} | {week.slack['chat.update']} | {week.reads} |"


def main(arguments: list[str]) -> None:
    """Play the week once for each subscription, and print the table."""
    parser = argparse.ArgumentParser(prog="bench noise")
    parser.add_argument("--builds", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=42)
    parser.add_argument("--subscribe", action="append", default=None, metavar="WORDS")
    given = parser.parse_args(arguments)
    weeks = []
    for words in given.subscribe or [
        "*",
        "* --branch main",
        "* --updates all --state failed,fixed,blocked,passed",
    ]:
        with tempfile.TemporaryDirectory() as folder:
            weeks.append(asyncio.run(play_week(Path(folder), given.builds, given.seed, words)))
    print(render_table(weeks))
