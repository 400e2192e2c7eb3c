"""Takes the screenshot docs/demo.png of a short scene in the demo: `python -m tests.browser.screenshot`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from bot.cli import demo
from tests.browser.conftest import CHROMIUM_ARGS
from tests.programs import chromium

PICTURE = Path(__file__).parents[2] / "docs" / "demo.png"


async def send_message(page: Page, text: str, pane: str = "#channel") -> None:
    box = page.locator(f"{pane} textarea")
    await box.fill(text)
    await box.press("Enter")


async def switch_person(page: Page, name: str) -> None:
    await page.get_by_role("radio", name=name).click()
    await expect(page.get_by_role("radio", name=name)).to_be_checked()


async def press_job_buttons(page: Page, *names: str) -> None:
    """Press buttons in the Buildkite panel in order."""
    for name in names:
        await page.locator("#panel").get_by_role("button", name=name).first.click()


async def play(page: Page) -> None:
    """Let Alice's build fail and people discuss it, and Bob's build wait at its block step."""
    await page.get_by_role("button", name="By hand").click()
    await page.get_by_role("button", name="Hide tips").click()
    await send_message(page, "The basket fix is merged. Building `main`, then we release.")
    await send_message(page, "/bk build create web -b main -m 'Round prices after the discount'")
    card = page.locator("#channel article").filter(has_text="Round prices")
    await press_job_buttons(page, "Start Lint", "Let Lint pass", "Start Test 1", "Start Test 2", "Let Test 1 fail")
    await expect(card).to_contain_text("is failing on")
    await press_job_buttons(page, "Let Test 2 pass")
    await expect(card).to_contain_text("failed on")
    await card.get_by_role("button", name="replies").click()
    await expect(page.locator("#thread")).to_contain_text("failed:")
    await switch_person(page, "Bob Lind")
    await send_message(page, "Island rates again. I have a fix.", "#thread")
    await send_message(page, "/bk build create deploy-prod -m 'Release 2026.11'")
    await switch_person(page, "Alice Okafor")
    await page.locator("#channel article").get_by_role("button", name="Approve").click()
    await page.get_by_role("dialog").locator("button").last.click()
    await switch_person(page, "Bob Lind")
    blocked = page.locator("#channel article").filter(has_text="Release 2026.11").last
    await press_job_buttons(page, "Start Test", "Let Test pass")
    await expect(blocked).to_contain_text("is blocked on")
    await send_message(page, "/bk build create mobile -b fix/island-rates -m 'Fix rates for islands'")
    newest = page.locator("#channel article").filter(has_text="Fix rates")
    await press_job_buttons(page, "Start Android", "Start iOS", "Let Android pass")
    await expect(newest).to_contain_text("is running on")
    await switch_person(page, "Alice Okafor")
    await page.mouse.move(700, 20)


async def take_screenshot(address: str, to: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium().path, args=list(CHROMIUM_ARGS))
        size = {"width": 1440, "height": 960}
        page = await browser.new_page(viewport=size, device_scale_factor=1.5, reduced_motion="reduce")  # type: ignore[arg-type]
        await page.goto(address)
        await play(page)
        await page.locator("body").focus()
        await page.screenshot(path=to, animations="disabled", caret="hide")
        await browser.close()


async def main(to: Path) -> None:
    address: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(demo.run(0, ready=address.set_result))
    await asyncio.wait({running, asyncio.ensure_future(address)}, return_when=asyncio.FIRST_COMPLETED)
    await take_screenshot(address.result(), to)
    running.cancel()
    await asyncio.wait({running})


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE))
