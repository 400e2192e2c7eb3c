"""A simulated Buildkite over HTTP, and a client whose waits take no time."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from bot.buildkite.client import Buildkite, connect
from bot.runtime.clock import ManualClock
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving


class QuickClock(ManualClock):
    """A clock that advances instead of sleeping."""

    async def sleep(self, seconds: float) -> None:
        self.advance(max(seconds, 0))


@pytest.fixture
def clock() -> ManualClock:
    return QuickClock(datetime(2026, 8, 21, 12, 0, tzinfo=UTC))


@pytest.fixture
async def sim(clock: ManualClock) -> AsyncIterator[BuildkiteSim]:
    sim = BuildkiteSim(now=lambda: clock.now().timestamp())
    async with Serving(sim.app) as base_url:
        sim.base_url = base_url
        yield sim


@pytest.fixture
async def buildkite(sim: BuildkiteSim, clock: ManualClock) -> AsyncIterator[Buildkite]:
    async with connect(sim.token, sim.org, endpoint=sim.base_url, clock=clock, jitter=lambda: 0.5) as client:
        yield client
