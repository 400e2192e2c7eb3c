"""The demo as a newcomer meets it: `kitestring demo` as its own process, driven in a browser."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.process, pytest.mark.asyncio(loop_scope="session")]
ROOT = Path(__file__).parents[2]
START_SECONDS = 30


@pytest_asyncio.fixture(loop_scope="session")
async def address(tmp_path: Path) -> AsyncIterator[str]:
    """Where the demo serves its page; the process has to end well when it is interrupted."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--port", "0"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            address = await _said(process.stdout)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0


async def _said(output: asyncio.StreamReader) -> str:
    async for line in output:
        if found := re.search(rb"http://127\.0\.0\.1:\d+$", line.strip()):
            return found[0].decode()
    raise AssertionError("The demo ended without saying where it is.")


@pytest_asyncio.fixture(loop_scope="session")
async def page(address: str, tab: Page) -> AsyncIterator[Page]:
    """The demo's page, with builds that move by hand only."""
    await tab.goto(address)
    await tab.get_by_role("button", name="By hand").click()
    await expect(tab.get_by_role("button", name="By hand")).to_have_attribute("aria-pressed", "true")
    yield tab


def channel(page: Page) -> Locator:
    return page.get_by_role("main")


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Buildkite")


async def say(where: Locator, words: str) -> None:
    box = where.get_by_role("textbox")
    await box.fill(words)
    await box.press("Enter")


async def test_a_build_from_command_to_retry(page: Page) -> None:
    """A build started by command has a card that follows it, a thread that tells it, a log, and a retry."""
    await say(channel(page), "/bk build create web -b main -m 'Round prices' -e DEPLOY=no")
    card = channel(page).locator("article").filter(has_text="Round prices")
    await expect(card).to_contain_text("Scheduled")
    await panel(page).get_by_role("button", name="Start Lint").click()
    await expect(card).to_contain_text("Running")
    await panel(page).get_by_role("button", name="Let Lint fail").click()
    await expect(card).to_contain_text("Failing")
    await card.get_by_role("button", name=re.compile("repl")).click()
    thread = page.get_by_role("region", name="Thread")
    await expect(thread).to_contain_text("started running")
    await card.get_by_role("button", name=re.compile("^(Show )?[Ll]ogs?")).click()
    await expect(channel(page).locator("article pre").last).to_contain_text("bin/lint")
    await channel(page).get_by_role("button", name=re.compile("^Retry")).click()
    await expect(panel(page).get_by_role("button", name="Start Lint")).to_be_visible()


async def test_a_form_starts_a_build(page: Page) -> None:
    """A command without arguments opens a form; a pipeline found by typing starts there."""
    await say(channel(page), "/bk build create")
    form = page.get_by_role("dialog")
    await form.get_by_role("combobox", name="Pipeline").fill("mob")
    await form.get_by_role("option", name=re.compile("mobile")).click()
    await form.get_by_label("Message").fill("From the form")
    await form.get_by_role("button", name="Create").click()
    await expect(form).to_be_hidden()
    await expect(channel(page).locator("article")).to_contain_text("From the form")


async def test_a_pipeline_is_made_with_steps_from_a_file(page: Page) -> None:
    """Steps attached to the form are checked: a wrong key is named with its line; mended, the pipeline is made."""
    await say(channel(page), "/bk pipeline create")
    form = page.get_by_role("dialog")
    await form.get_by_label("Name").fill("Shop")
    await form.get_by_label("Repository").fill("git@github.com:acme-inc/shop.git")
    attached = form.locator("input[type=file]")
    for key in ("comand", "command"):
        steps = f"steps:\n  - label: Test\n    {key}: make test\n".encode()
        await attached.set_input_files({"name": "pipeline.yml", "mimeType": "text/plain", "buffer": steps})
        await form.get_by_role("button", name="Create").click()
        if key == "comand":
            await expect(form).to_contain_text("line 3")
    await expect(form).to_be_hidden()
    await expect(channel(page)).to_contain_text("created pipeline")


async def test_a_button_cancels_after_asking(page: Page) -> None:
    """Cancel asks first; after a yes the card says canceled, and the panel agrees."""
    await say(channel(page), "/bk build create mobile -m 'Both apps'")
    card = channel(page).locator("article").filter(has_text="Both apps")
    await card.get_by_role("button", name=re.compile("^Cancel")).click()
    await page.get_by_role("dialog").locator("button").last.click()
    await expect(card).to_contain_text("Canceled")
    await expect(panel(page).locator(".pill")).to_have_text("canceled")


async def test_a_guest_is_refused_in_private(page: Page) -> None:
    """Gwen is told why not where only she sees it; nothing starts, and Alice sees nothing of it."""
    await page.get_by_role("radio", name="Gwen Park").click()
    await expect(page.get_by_role("radio", name="Gwen Park")).to_be_checked()
    await say(channel(page), "/bk build create web")
    await expect(channel(page).locator("article")).to_contain_text("Only visible to you")
    await expect(channel(page).locator("article")).to_contain_text(re.compile("[Gg]uest"))
    await expect(panel(page)).to_contain_text("No builds yet")
    await page.get_by_role("radio", name="Alice Okafor").click()
    await expect(channel(page).locator("article")).to_have_count(0)


async def test_a_nasty_commit_message_pings_nobody(page: Page) -> None:
    """A build of somebody else, followed: its hostile message is plain words on the card."""
    await panel(page).get_by_role("button", name="…a nasty one").click()
    await expect(panel(page).locator(".build")).to_have_count(1)
    await say(channel(page), "/bk build watch web 41")
    card = channel(page).locator("article").filter(has_text="<script>alert(1)</script>")
    await expect(card).to_contain_text("<!channel>")
    await expect(card).to_contain_text("<https://evil.example|your invoice>")
    await expect(card.locator(".loud, script, a[href*=evil]")).to_have_count(0)


async def test_a_mention_in_the_thread_needs_no_build(page: Page) -> None:
    """In a build's thread `@kitestring` knows which build is meant."""
    await say(channel(page), "/bk build create mobile -m 'Both apps'")
    card = channel(page).locator("article").filter(has_text="Both apps")
    await panel(page).get_by_role("button", name="Start iOS").click()
    await card.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("region", name="Thread")
    await say(thread, "@kitestring cancel --yes")
    await expect(card).to_contain_text(re.compile("Cancel(l)?(ing|ed)"))


async def test_links_become_cards_and_the_home_shows_what_is_mine(page: Page) -> None:
    """A pasted link is drawn below its message; the home has Alice's build; a build starts from anywhere."""
    await say(channel(page), "/bk build create web -b fix/cart -m 'Round prices'")
    address = await channel(page).get_by_role("link", name="web#41").first.get_attribute("href")
    await page.get_by_role("navigation").get_by_role("button", name="web", exact=True).click()
    await say(channel(page), f"Is this the one? {address}")
    await expect(channel(page).locator(".preview")).to_contain_text("Round prices")
    await page.get_by_role("navigation").get_by_role("button", name="Kitestring").click()
    await page.get_by_role("tab", name="Home").click()
    home = page.get_by_role("region", name="Home")
    await expect(home).to_contain_text("web#41")
    await home.get_by_role("button", name="Start a build").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Where its card goes")
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Messages").click()
    await page.get_by_role("button", name="Shortcuts").click()
    await page.get_by_role("menuitem", name="Start a build").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Where its card goes")
