"""axe finds nothing serious on the demo's page, in light and dark."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.browser.screenshot import play, send_message

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
SERIOUS = ("serious", "critical")
# Only colours differ in dark.
RULES: dict[str, dict[str, list[str]]] = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, address: str) -> AsyncIterator[Page]:
    """The demo's page, without the policy that keeps axe's script out."""
    context = await browser.new_context(
        viewport={"width": 1440, "height": 900}, bypass_csp=True, reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(address)
    yield page
    await context.close()


async def find_violations(page: Page, scene: str) -> list[str]:
    """Return what axe finds serious, in dark about colours only, each with the scene and the first element."""
    found = []
    for scheme, rules in RULES.items():
        await page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        result = await Axe().run(page, options={"resultTypes": ["violations"], **rules})
        found += [
            f"{scene}, {scheme}: {violation['id']} at {violation['nodes'][0]['target']}"
            for violation in result.response["violations"]
            if violation["impact"] in SERIOUS
        ]
    return found


async def test_axe_finds_nothing_serious(page: Page) -> None:
    """The start, a failure with its thread, an approval, help, a table and a form have no serious violation."""
    found = await find_violations(page, "start")
    await play(page)
    await expect(page.locator("#thread")).to_be_visible()
    await send_message(page, "/bk build create deploy-prod -m 'Once more'")
    await expect(page.locator("#channel article").get_by_role("button", name="Approve")).to_be_visible()
    found += await find_violations(page, "builds")
    for command in ("/bk help", "/bk build list web", "/bk health web"):
        before = await page.locator("#channel article").count()
        await send_message(page, command)
        await expect(page.locator("#channel article")).to_have_count(before + 1)
        found += await find_violations(page, command)
    await send_message(page, "/bk build create")
    await expect(page.get_by_role("dialog")).to_be_visible()
    found += await find_violations(page, "form")
    assert found == []
