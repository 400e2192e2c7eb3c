"""`kitestring demo`, used in a browser: once in a process of its own, else in this one, where it starts sooner."""

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

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
ROOT = Path(__file__).parents[2]
START_SECONDS = 300


@pytest_asyncio.fixture(loop_scope="session")
async def process_address(tmp_path: Path) -> AsyncIterator[str]:
    """The address of the demo's page; the process must exit cleanly when it's interrupted."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "demo", "--port", "0"),
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(START_SECONDS):
            address = await _read_address(process.stdout)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 0


async def _read_address(output: asyncio.StreamReader) -> str:
    async for line in output:
        if found := re.search(rb"http://127\.0\.0\.1:\d+$", line.strip()):
            return found[0].decode()
    raise AssertionError("The demo ended without printing its address.")


@pytest_asyncio.fixture(loop_scope="session")
async def page(address: str, tab: Page) -> Page:
    """The page of a demo in this process, where builds only change by hand."""
    return await open_page(address, tab)


@pytest_asyncio.fixture(loop_scope="session")
async def process_page(process_address: str, tab: Page) -> Page:
    """The page of a demo in a process of its own."""
    return await open_page(process_address, tab)


async def open_page(address: str, tab: Page) -> Page:
    """Open the demo's page, and stop builds from changing by themselves."""
    await tab.goto(address)
    await tab.get_by_role("button", name="By hand").click()
    await expect(tab.get_by_role("button", name="By hand")).to_have_attribute("aria-pressed", "true")
    return tab


def channel(page: Page) -> Locator:
    return page.get_by_role("main")


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Buildkite")


async def send_message(pane: Locator, text: str) -> None:
    box = pane.get_by_role("textbox")
    await box.fill(text)
    await box.press("Enter")


@pytest.mark.process
async def test_a_build_from_command_to_retry(process_page: Page) -> None:
    """A build started by command gets a card that is updated, replies in its thread, a log and a retry."""
    page = process_page
    await send_message(channel(page), "/bk build create web -b main -m 'Round prices' -e DEPLOY=no")
    card = channel(page).locator("article").filter(has_text="Round prices")
    await expect(card).to_contain_text("is scheduled on")
    await panel(page).get_by_role("button", name="Start Lint").click()
    await expect(card).to_contain_text("is running on")
    await panel(page).get_by_role("button", name="Let Lint fail").click()
    await expect(card).to_contain_text("is failing on")
    await card.get_by_role("button", name=re.compile("repl")).click()
    thread = page.get_by_role("region", name="Thread")
    await expect(thread).to_contain_text("started running")
    await card.get_by_role("button", name=re.compile("^(Show )?[Ll]ogs?")).click()
    await expect(channel(page).locator("article pre").last).to_contain_text("bin/lint")
    await channel(page).get_by_role("button", name=re.compile("^Retry")).click()
    await expect(panel(page).get_by_role("button", name="Start Lint")).to_be_visible()


async def test_running_is_blue_and_times_are_as_slack_writes_them(page: Page) -> None:
    """The panel's colour of a running build is the card's; an hour has no leading zero."""
    await send_message(channel(page), "/bk build create mobile -m 'Both apps'")
    card = channel(page).locator("article").filter(has_text="Both apps")
    await panel(page).get_by_role("button", name="Start Android").click()
    await expect(card).to_contain_text("is running")
    colour = await panel(page).locator(".pill.running").evaluate("pill => getComputedStyle(pill).color")
    red, _green, blue = (int(part) for part in re.findall(r"[0-9]+", colour)[:3])
    assert blue > red
    times = await channel(page).locator("time").all_inner_texts()
    assert times
    assert not [time for time in times if re.search(r"\b0[0-9]:[0-9]{2} [AP]M", time)]


async def test_a_form_starts_a_build(page: Page) -> None:
    """A command without arguments opens a form, in which a pipeline is found by typing."""
    await send_message(channel(page), "/bk build create")
    form = page.get_by_role("dialog")
    await form.get_by_role("combobox", name="Pipeline").fill("mob")
    await form.get_by_role("option", name=re.compile("mobile")).click()
    await form.get_by_label("Message").fill("From the form")
    await form.get_by_role("button", name="Start a build").click()
    await expect(form).to_be_hidden()
    await expect(channel(page).locator("article")).to_contain_text("From the form")


async def test_a_pipeline_is_created_with_steps_from_a_file(page: Page) -> None:
    """Steps in an attached file are checked: a wrong key is reported with its line, a correct file accepted."""
    await send_message(channel(page), "/bk pipeline create")
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
    """Cancel asks for confirmation; then card and panel show that the build was canceled."""
    await send_message(channel(page), "/bk build create mobile -m 'Both apps'")
    card = channel(page).locator("article").filter(has_text="Both apps")
    await card.get_by_role("button", name=re.compile("^Cancel")).click()
    await page.get_by_role("dialog").locator("button").last.click()
    await expect(card).to_contain_text("was canceled on")
    await expect(panel(page).locator(".pill")).to_have_text("canceled")


async def test_a_guest_is_refused_in_private(page: Page) -> None:
    """Only Gwen sees why she's refused; no build starts, and Alice sees no message."""
    await page.get_by_role("radio", name="Gwen Park").click()
    await expect(page.get_by_role("radio", name="Gwen Park")).to_be_checked()
    await send_message(channel(page), "/bk build create web")
    await expect(channel(page).locator("article")).to_contain_text("Only visible to you")
    await expect(channel(page).locator("article")).to_contain_text(re.compile("[Gg]uest"))
    await expect(panel(page)).to_contain_text("No builds yet")
    await page.get_by_role("radio", name="Alice Okafor").click()
    await expect(channel(page).locator("article")).to_have_count(0)


async def test_a_hostile_commit_message_notifies_no_one(page: Page) -> None:
    """The hostile message of another person's build is plain text on its card."""
    await panel(page).get_by_role("button", name="Push a hostile commit").click()
    await expect(panel(page).locator(".build")).to_have_count(1)
    await send_message(channel(page), "/bk build watch web 41")
    card = channel(page).locator("article").filter(has_text="<script>alert(1)</script>")
    await expect(card).to_contain_text("<!channel>")
    await expect(card).to_contain_text("<https://evil.example|your invoice>")
    await expect(card.locator(".loud, script, a[href*=evil]")).to_have_count(0)


async def test_a_mention_in_the_thread_needs_no_build(page: Page) -> None:
    """A mention in a build's thread applies to that build."""
    await send_message(channel(page), "/bk build create mobile -m 'Both apps'")
    card = channel(page).locator("article").filter(has_text="Both apps")
    await panel(page).get_by_role("button", name="Start iOS").click()
    await card.get_by_role("button", name="1 reply").click()
    thread = page.get_by_role("region", name="Thread")
    await send_message(thread, "@kitestring cancel --yes")
    await expect(card).to_contain_text(re.compile("(is being|was) canceled"))


async def test_links_are_previewed_and_home_shows_own_builds(page: Page) -> None:
    """A pasted link gets a preview, App Home lists Alice's build, and forms open from Home and shortcuts."""
    await send_message(channel(page), "/bk build create web -b fix/cart -m 'Round prices'")
    address = await channel(page).get_by_role("link", name="web#41").first.get_attribute("href")
    await page.get_by_role("navigation").get_by_role("button", name="web", exact=True).click()
    await send_message(channel(page), f"Is this the one? {address}")
    await expect(channel(page).locator(".preview")).to_contain_text("Round prices")
    await page.get_by_role("navigation").get_by_role("button", name="Kitestring").click()
    await page.get_by_role("tab", name="Home").click()
    home = page.get_by_role("region", name="Home")
    await expect(home).to_contain_text("web#41")
    await home.get_by_role("button", name="Start a build").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Where to post its card")
    await page.keyboard.press("Escape")
    await page.get_by_role("tab", name="Messages").click()
    await page.get_by_role("button", name="Shortcuts").click()
    await page.get_by_role("menuitem", name="Start a build").click()
    await expect(page.get_by_role("dialog")).to_contain_text("Where to post its card")


async def test_the_composer_completes_what_slack_completes(page: Page) -> None:
    """The slash command has its usage hint, and no subcommand is completed."""
    box, hints = channel(page).get_by_role("textbox"), channel(page).get_by_role("option")
    await box.fill("/b")
    await expect(hints).to_have_count(1)
    await expect(hints).to_contain_text("/bk build create web -b main | job log | agent pause | help")
    await box.press("Tab")
    await expect(box).to_have_value("/bk ")
    await box.press_sequentially("build c")
    await expect(hints).to_have_count(0)


async def act_as(page: Page, name: str) -> None:
    await page.get_by_role("radio", name=name).click()
    await expect(page.get_by_role("radio", name=name)).to_be_checked()


async def test_an_approval_is_asked_for_and_given(page: Page) -> None:
    """Bob's deploy waits for a second person; once Alice approves, it starts."""
    await act_as(page, "Bob Lind")
    await send_message(channel(page), "/bk build create deploy-prod -m 'Ship v2'")
    proposal = channel(page).locator("article").filter(has_text="Ship v2").first
    await expect(proposal).to_contain_text("production needs a second pair of eyes")
    await expect(panel(page)).to_contain_text("No builds yet")
    await act_as(page, "Alice Okafor")
    await channel(page).get_by_role("button", name=re.compile("^Approve")).click()
    await page.get_by_role("dialog").locator("button").last.click()
    await expect(panel(page).locator(".build")).to_contain_text("deploy-prod")


async def test_a_freeze_refuses(page: Page) -> None:
    """The frozen pipeline's builds are refused with the reason."""
    await send_message(channel(page), "/bk build create docs-site")
    await expect(channel(page).locator("article")).to_contain_text("it moves to a new host")


async def test_tips_are_ticked_off_when_done_and_stay_hidden(page: Page) -> None:
    """A tip is ticked off once its line is sent; hidden tips stay hidden until they're called back."""
    tips, opener = (
        page.get_by_role("complementary", name="Tips"),
        page.get_by_role("button", name=re.compile("^Tips")),
    )
    await tips.get_by_role("button", name=re.compile("Meet a freeze")).click()
    await expect(opener).to_have_text("Tips 0/10")
    await channel(page).get_by_role("textbox").press("Enter")
    await expect(opener).to_have_text("Tips 1/10")
    await tips.get_by_role("button", name=re.compile("as Gwen")).click()
    await tips.get_by_role("button", name=re.compile("Start a build")).click()
    await expect(page.get_by_role("radio", name="Alice Okafor")).to_be_checked()
    await tips.get_by_role("button", name="Hide tips").click()
    await page.reload()
    await expect(channel(page).get_by_role("textbox")).to_be_focused()
    await expect(opener).to_have_text("Tips 1/10")
    await expect(tips).to_be_hidden()
    await opener.click()
    await expect(tips.get_by_role("button", name=re.compile("Meet a freeze .done"))).to_be_visible()


async def test_tables_keep_words_whole(page: Page) -> None:
    """Beside an open thread, a table scrolls instead of breaking its cells into single letters."""
    await send_message(channel(page), "/bk build create mobile -m 'Both apps'")
    await panel(page).get_by_role("button", name="Start iOS").click()
    await channel(page).get_by_role("button", name="1 reply").click()
    await send_message(channel(page), "/bk build list web")
    cells = channel(page).locator("td")
    await expect(cells.first).to_be_visible()
    assert max(await cells.evaluate_all("cells => cells.map((cell) => cell.clientHeight)")) < 100
