"""A simulated workspace with a manual clock, a client for it, and an app that listens."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.routing import Route

from simulators.http_server import Serving
from simulators.slack.models import Channel
from simulators.slack.person import Person
from simulators.slack.sim import SlackSim
from tests.sim.slack.recording_app import SECRET, ManualTime, RecordingApp


@pytest.fixture
def time() -> ManualTime:
    return ManualTime()


@pytest.fixture
async def slack(time: ManualTime) -> AsyncIterator[SlackSim]:
    slack = SlackSim(signing_secret=SECRET, now=time)
    async with Serving(slack.app) as slack.base_url:
        yield slack


@pytest.fixture
def alice(slack: SlackSim) -> Person:
    return slack.person("U0ALICE01", "alice", admin=True)


@pytest.fixture
def bob(slack: SlackSim) -> Person:
    return slack.person("U0BOB0002", "bob")


@pytest.fixture
def deploys(slack: SlackSim, alice: Person, bob: Person) -> Channel:
    return slack.channel("C0DEPLOYS", "deploys", members=[alice, bob])


@pytest.fixture
async def recorder(slack: SlackSim) -> AsyncIterator[RecordingApp]:
    recorder = RecordingApp()
    app = Starlette(routes=[Route("/slack/events", recorder.__call__, methods=["POST"])])
    async with Serving(app) as address:
        slack.request_url = f"{address}/slack/events"
        yield recorder


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def client(slack: SlackSim, session: aiohttp.ClientSession) -> AsyncWebClient:
    """Return slack_sdk's own client, without its retries."""
    return AsyncWebClient("xoxb-sim", base_url=f"{slack.base_url}/api/", session=session, retry_handlers=[])
