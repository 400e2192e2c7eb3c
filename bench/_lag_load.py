"""Two hundred running builds and fifty job events a second: the bot, and one without a plan, within Slack's limits."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench._hasty import LoopClock
from bench._lag_arrivals import Arrivals
from bench._lag_builds import PIPELINES, RUNNING, Builds
from bench._lag_naive import Behind, Naive
from bench._lag_wire import Wire, wired
from bot.app import Bot, built
from bot.own_webhook import EVENTS
from bot.settings import load
from bot.sim.buildkite import BuildkiteSim
from bot.sim.buildkite.records import Build
from bot.sim.serving import Serving
from bot.sim.slack import Channel, SlackSim
from tests.conversations.world import SIGNING_SECRET, START, WEBHOOK_SECRET, environment, people
from tests.process.town import name_of

RATE, ANSWERS_AFTER = 50, 0.1
_SAMPLE, _MINUTE = 5.0, 60.0
_BEGINS, _ENDS = 60.0, 30.0
_NAMED, _PASSED = re.compile(r"load-\d+#\d+"), re.compile(r"(\d+) passed")


@dataclass
class Played:
    """What was seen: the builds' stories, what reached Slack, and how old counts were at each look."""

    builds: Builds
    channels: list[Channel]
    slack: SlackSim
    arrivals: Arrivals
    began: float = 0.0
    ended: float = 0.0
    reads: int = 0
    busy: float = 0.0
    sent: int = 0
    ages: list[float] = field(default_factory=list)
    countless: int = 0
    behind: list[Behind] = field(default_factory=list)
    naive_calls: int = 0


@dataclass
class _Scene:
    buildkite: BuildkiteSim
    builds: Builds
    naive: Naive
    wire: Wire
    played: Played


async def played(folder: Path, minutes: float, seed: int) -> Played:
    """So many minutes of it, after all cards are there; at the end there is time for what is under way."""
    async with _scene(folder, seed) as scene:
        done, loop = scene.played, asyncio.get_running_loop()
        await _begin(scene)
        done.began, work = loop.time(), time.perf_counter()
        calls = len(scene.buildkite.requests)
        await asyncio.gather(_happening(scene, minutes), _looking(scene, minutes))
        done.ended, done.busy = loop.time(), time.perf_counter() - work
        done.reads, done.naive_calls = len(scene.buildkite.requests) - calls, scene.naive.calls
        done.sent = sum(scene.wire.sent.values())
        await asyncio.sleep(_ENDS)
        return done


async def _begin(scene: _Scene) -> None:
    """Their cards are posted, as fast as a channel takes posts; then the other one listens as well."""
    scene.builds.begin(asyncio.get_running_loop().time())
    await _carry(scene)
    await asyncio.sleep(_BEGINS)

    def heard(event: str, subject: Any) -> None:
        if event in EVENTS:
            build = subject if isinstance(subject, Build) else subject.build
            scene.naive.heard(build, asyncio.get_running_loop().time())

    scene.buildkite.listeners.append(heard)


async def _happening(scene: _Scene, minutes: float) -> None:
    loop, every = asyncio.get_running_loop(), 1 / RATE
    began = loop.time()
    for number in range(int(minutes * _MINUTE * RATE)):
        await asyncio.sleep(began + number * every - loop.time())
        scene.builds.step(loop.time())
        await _carry(scene)


async def _carry(scene: _Scene) -> None:
    for delivery in scene.buildkite.hooks.take_due():
        await scene.wire.send(delivery)


async def _looking(scene: _Scene, minutes: float) -> None:
    """How old the counts are that people see, each few seconds; and how far the other one is behind."""
    loop, done = asyncio.get_running_loop(), scene.played
    began = loop.time()
    while (now := loop.time()) < began + minutes * _MINUTE:
        shown = shown_counts(done)
        for story in done.builds.running():
            count = shown.get(name_of(story.build))
            if count is None:
                done.countless += 1
            else:
                done.ages.append(story.age(count, now))
        done.behind.append(scene.naive.behind(now))
        await asyncio.sleep(_SAMPLE)


def shown_counts(done: Played) -> dict[str, int]:
    """How many passed jobs each card shows, by the build's name; a card without counts is missing."""
    found = {}
    for channel in done.channels:
        for message in done.slack.messages(channel):
            said = message.plain()
            name, counts = _NAMED.search(said), _PASSED.search(said)
            if name and counts:
                found[name[0]] = int(counts[1])
    return found


@asynccontextmanager
async def _scene(folder: Path, seed: int) -> AsyncIterator[_Scene]:
    """Both vendors, the bot with its loops, and the other bot with a workspace of its own."""
    clock = LoopClock(START)
    slack, other = (SlackSim(signing_secret=SIGNING_SECRET, now=lambda: clock.now().timestamp()) for _ in "12")
    buildkite = BuildkiteSim(now=lambda: clock.now().timestamp())
    alice, *_ = people(slack)
    people(other)
    naive = Naive(other, other.channel("C0NAIVE", "naive"))
    builds = Builds(buildkite, seed)
    channels = [slack.channel(f"C0LOAD{at:03}", f"load-{at}") for at in range(PIPELINES)]
    arrivals = Arrivals(slack.app, now=asyncio.get_running_loop().time, delay=ANSWERS_AFTER)
    async with AsyncExitStack() as stack:
        slack.base_url = await stack.enter_async_context(Serving(arrivals))
        other.base_url = await stack.enter_async_context(Serving(Arrivals(other.app, delay=ANSWERS_AFTER)))
        buildkite.base_url = await stack.enter_async_context(Serving(buildkite.app))
        settings = load(environment(slack, buildkite, folder) | {"BUILDKITE_WEBHOOK_ALLOWLIST": "off"})
        bot = await stack.enter_async_context(built(settings, clock))
        address = await stack.enter_async_context(Serving(bot.web))
        slack.request_url = f"{address}/slack/events"
        buildkite.add_webhook(f"{address}/buildkite/webhooks", WEBHOOK_SECRET, events=EVENTS)
        await stack.enter_async_context(_at_work(bot, naive))
        for at, channel in enumerate(channels):
            await alice.types(channel, f"/bk subscribe load-{at} --state running --yes")
        await asyncio.sleep(5)
        wire = await stack.enter_async_context(wired())
        yield _Scene(buildkite, builds, naive, wire, Played(builds, channels, slack, arrivals))


@asynccontextmanager
async def _at_work(bot: Bot, naive: Naive) -> AsyncIterator[None]:
    await bot.recovery.begin()
    tasks = [asyncio.create_task(loop.run()) for loop in bot.loops] + [asyncio.create_task(naive.run())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
