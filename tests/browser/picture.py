"""Draws docs/demo.png (`python -m tests.browser.picture`): the demo plays a short scene for its picture."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Page, async_playwright, expect

from bot.cli import demo
from tests.browser.conftest import QUIET
from tests.programs import chromium

PICTURE = Path(__file__).parents[2] / "docs" / "demo.png"


async def say(page: Page, words: str, where: str = "#channel") -> None:
    box = page.locator(f"{where} textarea")
    await box.fill(words)
    await box.press("Enter")


async def become(page: Page, name: str) -> None:
    await page.get_by_role("radio", name=name).click()
    await expect(page.get_by_role("radio", name=name)).to_be_checked()


async def job(page: Page, *names: str) -> None:
    """Press buttons of the Buildkite panel, one after the other."""
    for name in names:
        await page.locator("#panel").get_by_role("button", name=name).first.click()


async def play(page: Page) -> None:
    """Alice's build fails and is talked about; Bob's waits at its gate."""
    await page.get_by_role("button", name="By hand").click()
    await page.get_by_role("button", name="Hide").click()
    await say(page, "The basket fix is merged. Building `main`, then we release.")
    await say(page, "/bk build create web -b main -m 'Round prices after the discount'")
    card = page.locator("#channel article").filter(has_text="Round prices")
    await job(page, "Start Lint", "Let Lint pass", "Start Test 1", "Start Test 2", "Let Test 1 fail")
    await expect(card).to_contain_text("Failing")
    await job(page, "Let Test 2 pass")
    await expect(card).to_contain_text("Failed")
    await card.get_by_role("button", name="replies").click()
    await expect(page.locator("#thread")).to_contain_text("failed after")
    await become(page, "Bob Lind")
    await say(page, "Island rates again. I have a fix.", "#thread")
    await say(page, "/bk build create deploy-prod -m 'Release 2026.11'")
    gate = page.locator("#channel article").filter(has_text="Release 2026.11")
    await job(page, "Start Test", "Let Test pass")
    await expect(gate).to_contain_text("Blocked")
    await say(page, "/bk build create mobile -b fix/island-rates -m 'Fix rates for islands'")
    newest = page.locator("#channel article").filter(has_text="Fix rates")
    await job(page, "Start Android", "Start iOS", "Let Android pass")
    await expect(newest).to_contain_text("Running")
    await become(page, "Alice Okafor")
    await page.mouse.move(700, 20)


async def draw(address: str, to: Path) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium().path, args=list(QUIET))
        size = {"width": 1440, "height": 960}
        page = await browser.new_page(viewport=size, device_scale_factor=1.5, reduced_motion="reduce")  # type: ignore[arg-type]
        await page.goto(address)
        await play(page)
        await page.locator("body").focus()
        await page.screenshot(path=to, animations="disabled", caret="hide")
        await browser.close()


async def main(to: Path) -> None:
    where: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(demo.run(0, ready=where.set_result))
    await asyncio.wait({running, asyncio.ensure_future(where)}, return_when=asyncio.FIRST_COMPLETED)
    await draw(where.result(), to)
    running.cancel()
    await asyncio.wait({running})


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]) if len(sys.argv) > 1 else PICTURE))
