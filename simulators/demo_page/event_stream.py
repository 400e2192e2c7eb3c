"""Streams the whole scene as server-sent events after each change, a few times a second at most."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

from simulators.buildkite.sim import BuildkiteSim
from simulators.slack.sim import SlackSim

BATCH_SECONDS = 0.06  # changes within this time are sent as one scene
KEEP_ALIVE_SECONDS = 15.0  # seconds between comments that keep an idle stream open


class Pulse:
    """Wakes all streams after a change."""

    def __init__(self) -> None:
        self.watchers: set[asyncio.Event] = set()

    def notify(self) -> None:
        """Wake all streams."""
        for watcher in self.watchers:
            watcher.set()


async def stream_scenes(scene: Callable[[], dict[str, Any]], pulse: Pulse) -> AsyncIterator[str]:
    """Yield the scene now, and again after each change that affects it."""
    changed = asyncio.Event()
    pulse.watchers.add(changed)
    shown = ""
    try:
        while True:
            now = json.dumps(scene(), separators=(",", ":"))
            if now != shown:
                yield f"event: scene\ndata: {now}\n\n"
                shown = now
            if not await _wait_for_change(changed):
                yield ": still here\n\n"
            changed.clear()
    finally:
        pulse.watchers.discard(changed)


async def _wait_for_change(changed: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(KEEP_ALIVE_SECONDS):
            await changed.wait()
    except TimeoutError:
        return False
    await asyncio.sleep(BATCH_SECONDS)
    return True


async def watch_slack(slack: SlackSim, pulse: Pulse) -> None:
    """Notify streams of each change of the workspace."""
    async with slack.subscribe() as notices:
        async for _ in notices:
            pulse.notify()


async def watch_buildkite(buildkite: BuildkiteSim, pulse: Pulse) -> None:
    """Notify streams of each change of the organization."""
    notices = buildkite.subscribe()
    try:
        while True:
            await notices.get()
            pulse.notify()
    finally:
        buildkite.unsubscribe(notices)
