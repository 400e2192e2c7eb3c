"""One change at a time in real time, sent to `kitestring serve` and to a receiver that stores nothing."""

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
# Seconds without an edit before measuring, so that none of the setup's edits count among Slack's 50 a minute;
# and seconds to wait for that.
_QUIET_SECONDS, _SETTLE_SECONDS = 62.0, 360.0


@dataclass
class IdleLags:
    """Milliseconds from sending the webhook to `chat.update`: ours and the baseline's."""

    ours: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)
    refused: int = 0


@dataclass
class IdleScene:
    """The town with the bot, the cards of running builds, and the baseline receiver."""

    town: Town
    cards: dict[str, Message]
    arrivals: Arrivals
    baseline_arrivals: Arrivals
    baseline_url: str
    wire: WebhookSender


async def measure_idle_lags(folder: Path, count: int, gap: float) -> IdleLags:
    """End `count` builds, one every `gap` seconds; send each webhook to the bot, then to the baseline."""
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
    """End a build whose jobs have ended, and send the webhook at once, before the bot could poll."""
    state_machine.end(stage.town.buildkite, build, "passed")
    due = stage.town.buildkite.hooks.take_due()
    (end,) = [item for item in due if item.event == "build.finished"]
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
    """Check that every card says that its build passed, was posted once, and was edited."""
    for build in stage.town.buildkite.builds:
        found = [
            message
            for message in stage.town.slack.messages(stage.cards[build.id].channel)
            if _is_card_of(build, message)
        ]
        edits = len(stage.arrivals.find("chat.update", found[0].ts))
        if len(found) != 1 or " passed on " not in found[0].plain() or not edits:
            raise RuntimeError(f"{build.number}: {len(found)} cards, {edits} edits: {found[0].plain()}")


@asynccontextmanager
async def open_scene(folder: Path, count: int) -> AsyncIterator[IdleScene]:
    """Start running builds whose jobs have all ended, with a card for each, and wait until all is quiet."""
    core, mine = pick_cores()
    os.sched_setaffinity(0, {mine})
    async with (
        open_town(folder, socket=False) as town_under_test,
        _run_baseline() as (bare, bare_url),
        open_sender() as wire,
    ):
        arrivals = Arrivals(town_under_test.slack.app)
        async with Serving(arrivals) as address:
            town_under_test.slack.base_url = address
            channels = [town_under_test.slack.channel(f"C0IDLE{at:03}", f"idle-{at}") for at in range(CHANNELS)]
            _create_pipelines(town_under_test)
            program = await town_under_test.serve(BUILDKITE_WEBHOOK_ALLOWLIST="off")
            os.sched_setaffinity(program.process.pid, {core})
            for at, channel in enumerate(channels):
                await town_under_test.alice.types(channel, f"/bk subscribe idle-{at} --state running --yes")
            await asyncio.sleep(2)
            await _start_builds(town_under_test, wire, count)
            cards = await _wait_for_cards(town_under_test, channels)
            await _wait_for_quiet(arrivals)
            yield IdleScene(town_under_test, cards, arrivals, bare, bare_url, wire)


def _create_pipelines(town_under_test: Town) -> None:
    for at in range(CHANNELS):
        steps = [{"label": f"Part {number}", "command": "make"} for number in range(JOBS)]
        town_under_test.buildkite.pipeline(f"idle-{at}", steps=steps)


async def _start_builds(town_under_test: Town, wire: WebhookSender, count: int) -> None:
    """Start builds whose jobs have ended while no webhook has reported the builds' end yet."""
    for at in range(count):
        build = town_under_test.buildkite.create_build_elsewhere(
            f"idle-{at % CHANNELS}", f"branch-{at}", source="webhook"
        )
        town_under_test.buildkite.hooks.take_due()
        build.state, build.started_at = "running", time.time()
        for job in build.jobs:
            job.state, job.started_at, job.finished_at, job.exit_status = "passed", time.time(), time.time(), 0
        town_under_test.buildkite.emit("build.running", build)
        for delivery in town_under_test.buildkite.hooks.take_due():
            await wire.send(delivery)


async def _wait_for_cards(town_under_test: Town, channels: list[Channel]) -> dict[str, Message]:
    """Return the card of each build, once all are posted."""
    until, every = time.perf_counter() + 2 * _WAIT_SECONDS, town_under_test.buildkite.builds
    while time.perf_counter() < until:
        messages = [message for channel in channels for message in town_under_test.slack.messages(channel)]
        cards = {build.id: item for build in every for item in messages if _is_card_of(build, item)}
        if len(cards) == len(every):
            return cards
        await asyncio.sleep(0.5)
    raise RuntimeError(f"{len(cards)} of {len(every)} cards were posted.")


async def _wait_for_quiet(arrivals: Arrivals) -> None:
    """Wait until no edit has come for a while: each card is edited once its build was read."""
    until = time.perf_counter() + _SETTLE_SECONDS
    while time.perf_counter() < until:
        if time.perf_counter() - arrivals.seen[-1].at > _QUIET_SECONDS:
            return
        await asyncio.sleep(0.5)
    raise RuntimeError("The cards never came to rest.")


def _is_card_of(build: Build, message: Message) -> bool:
    first_line = message.plain().split("\n")[0]
    return bool(message.bot) and f"*{build.pipeline.slug}#{build.number}*" in first_line


@asynccontextmanager
async def _run_baseline() -> AsyncIterator[tuple[Arrivals, str]]:
    """Run the receiver that stores nothing, with its own workspace and message."""
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
