"""A demo page with two people and two channels, served on a loopback port."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest

from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.demo_page.app import DemoPage
from simulators.http_server import Serving
from simulators.slack.sim import SlackSim


@pytest.fixture
def stage() -> DemoPage:
    slack = SlackSim(signing_secret="not a secret")
    slack.person("U0ALICE01", "alice", admin=True)
    slack.person("U0GWEN001", "gwen", guest=True)
    slack.channel("C0DEPLOYS", "deploys")
    slack.channel("C0SECRETS", "secrets", private=True, members=["U0ALICE01"])
    slack.request_url = "http://127.0.0.1:9/slack/events"
    buildkite = BuildkiteSim()
    seed_demo(buildkite)
    return DemoPage(slack, buildkite)


@pytest.fixture
async def page(stage: DemoPage) -> AsyncIterator[httpx.AsyncClient]:
    """Return a client that acts as the page itself: same origin, JSON."""
    async with Serving(stage.app) as address:
        headers = {"Origin": address, "Content-Type": "application/json"}
        async with httpx.AsyncClient(base_url=address, headers=headers, trust_env=False) as client:
            yield client
