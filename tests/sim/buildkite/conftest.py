"""A simulated Buildkite with a manual clock, served over real HTTP."""

import ssl
from collections.abc import AsyncIterator

import httpx
import pytest

from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.http_server import Serving
from tests.sim.buildkite.manual_clock import ManualClock

PLAIN = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # HTTP only: loading authorities takes time


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def sim(clock: ManualClock) -> BuildkiteSim:
    made = BuildkiteSim(now=clock)
    seed_demo(made)
    return made


@pytest.fixture
async def base(sim: BuildkiteSim) -> AsyncIterator[str]:
    async with Serving(sim.app) as url:
        sim.base_url = url
        yield url


@pytest.fixture
async def api(base: str) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client for the organization, with the token."""
    headers = {"Authorization": "Bearer bkua_sim"}
    async with httpx.AsyncClient(
        base_url=f"{base}/v2/organizations/acme-inc", headers=headers, verify=PLAIN
    ) as client:
        yield client
