"""One change at a time on real time, told to `kitestring serve` and to a receiver that stores nothing."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.support.child_process import find_free_port, module_command, pick_cores, start_child
from bench.support.signed_webhooks import PATH
from bench.support.slack_arrivals import Arrivals
from bench.support.webhook_sender import WebhookSender, open_sender
from simulators.buildkite import state_machine
from simulators.buildkite.models import Build
from simulators.http_server import Serving
from simulators.slack.models import Channel, Message
from simulators.slack.sim import SlackSim
from tests.conversations.world import SIGNING_SECRET, add_people
from tests.process.town import Town, open_town

CHANNELS, JOBS = 8, 6
_WAIT_SECONDS = 60.0
# Seconds: so long nothing is edited when all is told, so that no edit of the beginning counts any more among the
# 50 of Slack's minute; and so long that may take.
_QUIET_SECONDS, _SETTLE_SECONDS = 62.0, 360.0


@dataclass
class IdleLags:
    """Milliseconds from the webhook's sending to `chat.update`: ours, and the baseline's."""

    ours: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    refused: int = 0


@dataclass
class IdleScene:
    """The town with the bot in it, cards of running builds, and the receiver beside it."""

    town: Town
    cards: dict[str, Message]
    arrivals: Arrivals
    baseline_arrivals: Arrivals
    baseline_url: str
    wire: WebhookSender


async def measure_idle_lags(folder: Path, count: int, gap: float) -> IdleLags:
    """So many builds end, one each `gap` seconds, each told to the bot and then to the receiver."""
    async with open_scene(folder, count) as stage:
        found = IdleLags()
        for build in stage.town.buildkite.builds:
            began = time.perf_counter()
            await _end_build(stage, build, found)
            await asyncio.sleep(max(began + gap - time.perf_counter(), 0))
        await asyncio.sleep(2 * gap)
        _check(stage)
        found.refused = sum(call.status == 429 for call in stage.town.slack.calls)
        return found


async def _end_build(stage: IdleScene, build: Build, found: IdleLags) -> None:
    """The end of one build, whose jobs are over; the bot is told at once, before it could read of it."""
    state_machine.end(stage.town.buildkite, build, "passed")
    told = stage.town.buildkite.hooks.take_due()
    (end,) = [item for item in told if item.event == "build.finished"]
    for ours in (True, False):
        arrivals, url = (stage.arrivals, None) if ours else (stage.baseline_arrivals, stage.baseline_url)
        ts = stage.cards[build.id].ts if ours else None
        before = len(arrivals.seen)
        at = await stage.wire.send(end, url)
        seen = await _wait_for_update(arrivals, before, ts)
        (found.ours if ours else found.baseline).append((seen - at) * 1000)
        await asyncio.sleep(0.3)


async def _wait_for_update(arrivals: Arrivals, before: int, ts: str | None) -> float:
    until = time.perf_counter() + _WAIT_SECONDS
    while time.perf_counter() < until:
        for item in arrivals.seen[before:]:
            if item.method == "chat.update" and (ts is None or item.arguments.get("ts") == ts):
                return item.at
        await asyncio.sleep(0.002)
    raise RuntimeError("A change was never shown.")


def _check(stage: IdleScene) -> None:
    """Every card says that its build passed; it was posted once, and edited."""
    for build in stage.town.buildkite.builds:
        found = [
            message
            for message in stage.town.slack.messages(stage.cards[build.id].channel)
            if _is_card_of(build, message)
        ]
        edits = len(stage.arrivals.find("chat.update", found[0].ts))
        if len(found) != 1 or "*Passed*" not in found[0].plain() or not edits:
            raise RuntimeError(f"{build.number}: {len(found)} cards, {edits} edits: {found[0].plain()}")


@asynccontextmanager
async def open_scene(folder: Path, count: int) -> AsyncIterator[IdleScene]:
    """Builds that run with all their jobs over, a card of each, and nothing under way."""
    core, mine = pick_cores()
    os.sched_setaffinity(0, {mine})
    async with open_town(folder, socket=False) as made, _run_baseline() as (bare, bare_url), open_sender() as wire:
        arrivals = Arrivals(made.slack.app)
        async with Serving(arrivals) as address:
            made.slack.base_url = address
            channels = [made.slack.channel(f"C0IDLE{at:03}", f"idle-{at}") for at in range(CHANNELS)]
            _create_pipelines(made)
            program = await made.serve(BUILDKITE_WEBHOOK_ALLOWLIST="off")
            os.sched_setaffinity(program.process.pid, {core})
            for at, channel in enumerate(channels):
                await made.alice.types(channel, f"/bk subscribe idle-{at} --state running --yes")
            await asyncio.sleep(2)
            await _start_builds(made, wire, count)
            cards = await _wait_for_cards(made, channels)
            await _wait_for_quiet(arrivals)
            yield IdleScene(made, cards, arrivals, bare, bare_url, wire)


def _create_pipelines(made: Town) -> None:
    for at in range(CHANNELS):
        steps = [{"label": f"Part {number}", "command": "make"} for number in range(JOBS)]
        made.buildkite.pipeline(f"idle-{at}", steps=steps)


async def _start_builds(made: Town, wire: WebhookSender, count: int) -> None:
    """Builds whose jobs are over, though nobody has said yet that the build is."""
    for at in range(count):
        build = made.buildkite.create_build_elsewhere(f"idle-{at % CHANNELS}", f"branch-{at}", source="webhook")
        made.buildkite.hooks.take_due()
        build.state, build.started_at = "running", time.time()
        for job in build.jobs:
            job.state, job.started_at, job.finished_at, job.exit_status = "passed", time.time(), time.time(), 0
        made.buildkite.emit("build.running", build)
        for delivery in made.buildkite.hooks.take_due():
            await wire.send(delivery)


async def _wait_for_cards(made: Town, channels: list[Channel]) -> dict[str, Message]:
    """The card of each build, once all are there and the reads that settle them are done."""
    until, every = time.perf_counter() + 2 * _WAIT_SECONDS, made.buildkite.builds
    while time.perf_counter() < until:
        said = [message for channel in channels for message in made.slack.messages(channel)]
        cards = {build.id: item for build in every for item in said if _is_card_of(build, item)}
        if len(cards) == len(every):
            return cards
        await asyncio.sleep(0.5)
    raise RuntimeError(f"{len(cards)} of {len(every)} cards were posted.")


async def _wait_for_quiet(arrivals: Arrivals) -> None:
    """Each card is edited once its build was read, as Slack allows: until no edit has come for a while."""
    until = time.perf_counter() + _SETTLE_SECONDS
    while time.perf_counter() < until:
        if time.perf_counter() - arrivals.seen[-1].at > _QUIET_SECONDS:
            return
        await asyncio.sleep(0.5)
    raise RuntimeError("The cards never came to rest.")


def _is_card_of(build: Build, message: Message) -> bool:
    return bool(message.bot) and f"{build.pipeline.slug}#{build.number} " in message.plain().split("\n")[0] + " "


@asynccontextmanager
async def _run_baseline() -> AsyncIterator[tuple[Arrivals, str]]:
    """The receiver that stores nothing, with a workspace and a message of its own."""
    slack = SlackSim(signing_secret=SIGNING_SECRET)
    slack.limits_on = False
    add_people(slack)
    channel = slack.channel("C0BARE", "bare")
    message = slack.post(slack.make_bot_message(channel.id, "Something happened."))
    arrivals, port = Arrivals(slack.app), find_free_port()
    async with Serving(arrivals) as address:
        words = module_command("bench.support.bare_receiver", str(port), f"{address}/api/", channel.id, message.ts)
        with start_child(words, port, core=pick_cores()[0], env={"SLACK_BOT_TOKEN": slack.bot_token}):
            yield arrivals, f"http://127.0.0.1:{port}{PATH}"
