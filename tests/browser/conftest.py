"""A headless browser that talks to nobody but this machine."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, async_playwright

from tests.programs import chromium

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture
async def tab() -> AsyncIterator[Page]:
    """A new page of 1440×900; the test fails on any error in its console and any request to elsewhere."""
    wrong: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium().path, args=list(QUIET))
        page = await browser.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(10_000)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda line: wrong.append(line.text) if "Content Security" in line.text else None)
        page.on(
            "request",
            lambda sent: None if sent.url.startswith("http://127.0.0.1:") else wrong.append(sent.url),
        )
        yield page
        await browser.close()
    assert wrong == []
