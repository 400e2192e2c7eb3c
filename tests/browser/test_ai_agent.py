"""The demo's AI agent calls a tool, people approve it in Slack, and its task finishes."""

from __future__ import annotations

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.screenshot import switch_person

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def page(address: str, tab: Page) -> Page:
    """The demo's page with the agent's tab open."""
    await tab.goto(address)
    await tab.get_by_role("button", name="By hand").click()
    await tab.get_by_role("tab", name="AI agent").click()
    await expect(tab.get_by_role("combobox", name="Tool")).to_have_value("build_create")
    return tab


async def test_a_protected_call_waits_for_people(page: Page) -> None:
    """A release of Alice's agent waits for Bob's approval; then the task has completed, with both names said."""
    answers = page.get_by_role("log", name="Answers")
    await page.get_by_role("button", name="Call the tool").click()
    await expect(answers).to_contain_text("build_create: working")
    await switch_person(page, "Bob Lind")
    proposal = (
        page.locator("#channel article")
        .filter(has_text="wanted to start")
        .or_(page.locator("#channel article").filter(has_text="wants to start"))
    )
    await expect(proposal.first).to_contain_text("agent (release-bot)")
    await page.locator("#channel article").get_by_role("button", name="Approve").click()
    await page.get_by_role("dialog").locator("button").last.click()
    await expect(answers).to_contain_text("build_create: completed")
    await expect(answers).to_contain_text("Started deploy-prod#81 on main.")


async def test_a_token_limits_its_agent(page: Page) -> None:
    """Bob's agent may only read, so it's offered no tool that starts builds; wrong arguments are explained."""
    answers, tool = page.get_by_role("log", name="Answers"), page.get_by_role("combobox", name="Tool")
    await page.get_by_role("combobox", name="Token").select_option("reader")
    await expect(tool).not_to_have_value("build_create")
    await expect(tool.locator("option", has_text="build_create")).to_have_count(0)
    await tool.select_option("agent_list")
    await page.get_by_role("button", name="Call the tool").click()
    await expect(answers).to_contain_text("ci-linux-1")
    await page.get_by_label("Arguments as JSON").fill("{")
    await page.get_by_role("button", name="Call the tool").click()
    await expect(answers).to_contain_text("The arguments aren't JSON.")
