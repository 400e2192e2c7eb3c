"""A headless browser that may only talk to this machine."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio
import structlog
from playwright.async_api import Browser, Page, async_playwright, expect

from bot.cli.demo import run
from simulators.buildkite.seed_demo import seed_demo
from simulators.buildkite.sim import BuildkiteSim
from simulators.demo_page.app import DemoPage
from simulators.demo_page.autoplay import Autoplay
from simulators.http_server import Serving
from simulators.slack.sim import SlackSim
from tests.programs import chromium

TIMEOUT_MILLISECONDS = 120_000  # ends only what hangs: on a busy machine, a page takes long
LOCAL = ("http://127.0.0.1:", "about:")
CHROMIUM_ARGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    expect.set_options(timeout=TIMEOUT_MILLISECONDS)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium().path, args=list(CHROMIUM_ARGS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def tab(browser: Browser) -> AsyncIterator[Page]:
    """A new page of 1440×900; the test fails on any error in it and on any request to another host."""
    wrong: list[str] = []
    page = await browser.new_page(viewport={"width": 1440, "height": 900})
    page.set_default_timeout(TIMEOUT_MILLISECONDS)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda line: wrong.append(line.text) if "Content Security" in line.text else None)
    page.on("request", lambda sent: None if sent.url.startswith(LOCAL) else wrong.append(sent.url))
    yield page
    await page.close()
    assert wrong == []


@contextmanager
def restoring_logging() -> Iterator[None]:
    """Undo at the end what the demo sets up for the log of its process."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest_asyncio.fixture(loop_scope="session")
async def address() -> AsyncIterator[str]:
    """The address of the page of a demo in this process."""
    started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with restoring_logging():
        running = asyncio.create_task(run(0, ready=started.set_result))
        await asyncio.wait({started, running}, return_when=asyncio.FIRST_COMPLETED)
        assert started.done(), running
        yield started.result()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running


@pytest_asyncio.fixture(loop_scope="session")
async def demo() -> AsyncIterator[DemoPage]:
    """A demo page without a bot, whose Slack and Buildkite the test drives itself."""
    slack, buildkite = SlackSim(signing_secret="not a secret"), BuildkiteSim()
    slack.person("U0ALICE01", "alice", admin=True, real_name="Alice Okafor")
    slack.person("U0GWEN001", "gwen", guest=True, real_name="Gwen Park")
    slack.channel("C0DEPLOYS", "deploys")
    slack.request_url = "http://127.0.0.1:9/slack/events"
    seed_demo(buildkite)
    demo = DemoPage(slack, buildkite, autoplay=Autoplay(enabled=False))
    running = asyncio.create_task(demo.run())
    yield demo
    running.cancel()
    await asyncio.wait({running})


@pytest_asyncio.fixture(loop_scope="session")
async def page(demo: DemoPage, tab: Page) -> AsyncIterator[Page]:
    """The demo page, opened in the browser."""
    async with Serving(demo.app) as address:
        await tab.goto(address)
        await expect(tab.get_by_role("log", name="Messages")).to_be_visible()
        yield tab
