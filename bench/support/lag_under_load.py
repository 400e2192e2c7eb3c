"""Two hundred running builds and fifty job events a second, sent to the bot and to a naive bot."""

from __future__ import annotations

import asyncio
import os
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.support.child_process import pick_cores
from bench.support.naive_bot import Backlog, NaiveBot
from bench.support.running_builds import PIPELINES, RUNNING, Builds
from bench.support.slack_arrivals import Arrivals
from bench.support.webhook_sender import WebhookSender, open_sender
from bot.buildkite.resources import INSTANCE_KEY
from simulators.buildkite.models import Build
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from simulators.slack.models import Channel
from simulators.slack.sim import SlackSim
from tests.conversations.world import SIGNING_SECRET, add_people
from tests.process.town import format_reference, open_town
from webhooks.events import REQUIRED_EVENTS

RATE, SLACK_DELAY = 50, 0.1
_SAMPLE_SECONDS, _MINUTE = 5.0, 60.0
_SETTLE_SECONDS, _START_SECONDS = 20.0, 900
_NAMED = re.compile(r"load-\d+#\d+")
# While all that ended has passed, a card says only how many are done.
_PASSED, _DONE = re.compile(r"(\d+) passed"), re.compile(r"(\d+) of \d+ jobs? done")


@dataclass
class Observed:
    """The builds' stories, the calls that reached Slack, and the age of counts at each sample."""

    builds: Builds
    channels: list[Channel]
    slack: SlackSim
    arrivals: Arrivals
    began: float = 0.0
    ended: float = 0.0
    reads: int = 0
    calls: int = 0
    busy: float = 0.0
    sent: int = 0
    ages: list[float] = field(default_factory=list)
    countless: int = 0
    behind: list[Backlog] = field(default_factory=list)
    naive_calls: int = 0
    pid: int = 0


@dataclass
class _Scene:
    buildkite: BuildkiteSim
    builds: Builds
    naive: NaiveBot
    wire: WebhookSender
    played: Observed


async def observe_load(folder: Path, minutes: float, seed: int) -> Observed:
    """Observe for that many minutes once all cards are posted; then wait for unfinished work."""
    async with _open_scene(folder, seed) as scene:
        done, loop = scene.played, asyncio.get_running_loop()
        await _start_builds(scene)
        done.began, work = loop.time(), _measure_cpu_seconds(done.pid)
        calls, done.calls = len(scene.buildkite.requests), len(done.slack.calls)
        await asyncio.gather(_play_events(scene, minutes), _sample_counts(scene, minutes))
        done.ended, done.busy = loop.time(), _measure_cpu_seconds(done.pid) - work
        done.reads, done.naive_calls = len(scene.buildkite.requests) - calls, scene.naive.calls
        done.sent = sum(scene.wire.sent.values())
        await asyncio.sleep(_SETTLE_SECONDS)
        return done


async def _start_builds(scene: _Scene) -> None:
    """Post the cards and read each build as fast as both allow; then connect the naive bot as well."""
    scene.builds.start_all()
    await _send_due(scene)
    for _ in range(_START_SECONDS):
        if len(read_shown_counts(scene.played)) >= RUNNING:
            break
        await asyncio.sleep(1)
    else:
        raise RuntimeError(f"Only {len(read_shown_counts(scene.played))} cards show how many jobs have passed.")

    def enqueue(event: str, subject: Any) -> None:
        if event in REQUIRED_EVENTS:
            build = subject if isinstance(subject, Build) else subject.build
            scene.naive.enqueue(build, asyncio.get_running_loop().time())

    scene.buildkite.listeners.append(enqueue)


async def _play_events(scene: _Scene, minutes: float) -> None:
    loop, every = asyncio.get_running_loop(), 1 / RATE
    began = loop.time()
    async with asyncio.TaskGroup() as under_way:
        for number in range(int(minutes * _MINUTE * RATE)):
            await asyncio.sleep(began + number * every - loop.time())
            scene.builds.step(loop.time())
            under_way.create_task(_send_due(scene))


async def _send_due(scene: _Scene) -> None:
    """Send all due webhooks at once; Buildkite doesn't wait for one answer before it sends the next."""
    await asyncio.gather(*(scene.wire.send(delivery) for delivery in scene.buildkite.hooks.take_due()))


async def _sample_counts(scene: _Scene, minutes: float) -> None:
    """Sample the age of the counts that people see, and the naive bot's backlog, every few seconds."""
    loop, done = asyncio.get_running_loop(), scene.played
    began = loop.time()
    while (now := loop.time()) < began + minutes * _MINUTE:
        shown = read_shown_counts(done)
        for story in done.builds.list_running():
            count = shown.get(format_reference(story.build))
            if count is None:
                done.countless += 1
            else:
                done.ages.append(story.age(count, now))
        done.behind.append(scene.naive.measure_backlog(now))
        await asyncio.sleep(_SAMPLE_SECONDS)


def read_shown_counts(done: Observed) -> dict[str, int]:
    """Return how many passed jobs each card shows, by the build's name; cards without counts are missing."""
    found = {}
    for channel in done.channels:
        for message in done.slack.messages(channel):
            text = message.plain()
            name, counts = _NAMED.search(text), _PASSED.search(text) or _DONE.search(text)
            if name and counts:
                found[name[0]] = int(counts[1])
    return found


@asynccontextmanager
async def _open_scene(folder: Path, seed: int) -> AsyncIterator[_Scene]:
    """Start both vendors, `kitestring serve` on its own core, and the naive bot with its own workspace."""
    core, mine = pick_cores()
    os.sched_setaffinity(0, {mine})
    other = SlackSim(signing_secret=SIGNING_SECRET)
    add_people(other)
    async with AsyncExitStack() as stack:
        made = await stack.enter_async_context(open_town(folder, socket=False))
        arrivals = Arrivals(made.slack.app, now=asyncio.get_running_loop().time, delay=SLACK_DELAY)
        made.slack.base_url = await stack.enter_async_context(Serving(arrivals))
        other.base_url = await stack.enter_async_context(Serving(Arrivals(other.app, delay=SLACK_DELAY)))
        channels = [made.slack.channel(f"C0LOAD{at:03}", f"load-{at}") for at in range(PIPELINES)]
        builds, naive = Builds(made.buildkite, seed), NaiveBot(other, other.channel("C0NAIVE", "naive"))
        made.webhook.events = REQUIRED_EVENTS
        program = await made.serve(BUILDKITE_WEBHOOK_ALLOWLIST="off")
        os.sched_setaffinity(program.process.pid, {core})
        for at, channel in enumerate(channels):
            await made.alice.types(channel, f"/bk subscribe load-{at} --state running --yes")
        await asyncio.sleep(2)
        builds.marks[INSTANCE_KEY] = _read_instance(folder)
        await stack.enter_async_context(_run_naive(naive))
        wire = await stack.enter_async_context(open_sender())
        done = Observed(builds, channels, made.slack, arrivals, pid=program.process.pid)
        yield _Scene(made.buildkite, builds, naive, wire, done)


def _measure_cpu_seconds(pid: int) -> float:
    """Return the CPU seconds that the process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _read_instance(folder: Path) -> str:
    """Return the mark that the bot puts on its builds, so that one list call answers for them all."""
    with closing(sqlite3.connect(folder / "kitestring.db")) as database:
        return str(database.execute("SELECT value FROM meta WHERE key = 'instance'").fetchone()[0])


@asynccontextmanager
async def _run_naive(naive: NaiveBot) -> AsyncIterator[None]:
    task = asyncio.create_task(naive.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
