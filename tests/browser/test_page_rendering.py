"""The demo page shows blocks like Slack does, and text from outside stays text."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Page, expect

from simulators.demo_page.app import DemoPage
from simulators.slack.models import Message

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
HOSTILE = "<img src=x onerror=alert(1)> <script>alert(2)</script> javascript:alert(3)"
ESCAPED = HOSTILE.replace("<", "&lt;").replace(">", "&gt;")


def text(content: str, kind: str = "mrkdwn") -> dict[str, Any]:
    return {"type": kind, "text": content}


def post(demo: DemoPage, content: str, blocks: list[dict[str, Any]] | None = None, **more: Any) -> Message:
    return demo.slack.post(demo.slack.make_bot_message("C0DEPLOYS", content, blocks, **more))


async def test_hostile_text_stays_text(demo: DemoPage, page: Page) -> None:
    """Markup, scripts and script links are shown as plain text in any block, and nothing runs."""
    link = "<javascript:alert(4)|press me>"
    blocks = [
        {"type": "header", "text": text(HOSTILE, "plain_text")},
        {"type": "section", "text": text(f"{ESCAPED} {link}"), "fields": [text(ESCAPED)]},
        {"type": "context", "elements": [text(ESCAPED)]},
        {"type": "markdown", "text": f"{HOSTILE} [press me](javascript:alert(5))"},
    ]
    post(demo, ESCAPED, blocks)
    demo.buildkite.create_build_elsewhere("web", "main", HOSTILE, creator="Noor Haddad")
    row = page.locator("article")
    await expect(row.get_by_role("heading")).to_have_text(HOSTILE)
    await expect(row.locator(".section .text")).to_contain_text(HOSTILE)
    await expect(row.locator(".context")).to_have_text(HOSTILE)
    await expect(page.locator(".build-words")).to_contain_text(HOSTILE)
    assert await page.locator("article :is(img, script, a), .build-words :is(img, script)").count() == 0


async def test_mrkdwn_is_shown_like_in_slack(demo: DemoPage, page: Page) -> None:
    """Bold text, links in it, code, mentions, entities and dates look like in Slack."""
    post(
        demo,
        "*<https://example.com/a_b|web #1>* `x &lt; y` &lt;!channel&gt; <@U0ALICE01> <#C0DEPLOYS> "
        "<!date^0^{date_num}|then> snake_case_name :white_check_mark:",
    )
    row = page.locator("article .text")
    link = row.get_by_role("link", name="web #1")
    await expect(link).to_have_attribute("href", "https://example.com/a_b")
    await expect(link).to_have_attribute("rel", "noopener noreferrer")
    await expect(row.locator("strong")).to_have_text("web #1")
    await expect(row.locator("code")).to_have_text("x < y")
    await expect(row.locator(".chip")).to_have_text(["@Alice Okafor", "#deploys"])
    await expect(row).to_contain_text("<!channel>")
    await expect(row).to_contain_text("1970-01-01 snake_case_name")
    await expect(row.get_by_role("img", name="passed")).to_be_visible()


async def test_an_edit_changes_the_message_in_place(demo: DemoPage, page: Page) -> None:
    """An edited message keeps its place, and its new text appears without a reload."""
    card = post(demo, "is running")
    post(demo, "below")
    texts = page.locator("article .text")
    await expect(texts).to_have_text(["is running", "below"])
    card.edit("has passed", None, None)
    demo.slack.changes.notify("message", channel=card.channel, ts=card.ts)
    await expect(texts).to_have_text(["has passed", "below"])


async def test_a_thread_opens_beside_the_channel(demo: DemoPage, page: Page) -> None:
    """Replies are counted below their message and shown in a pane of their own, which Escape closes."""
    root = post(demo, "card")
    post(demo, "started running", thread_ts=root.ts)
    post(demo, "has failed", thread_ts=root.ts)
    await expect(page.locator("#channel article")).to_have_count(1)
    await page.get_by_role("button", name="2 replies").click()
    thread = page.get_by_role("region", name="Thread")
    await expect(thread.locator("article .text")).to_have_text(["card", "started running", "has failed"])
    await page.keyboard.press("Escape")
    await expect(thread).to_be_hidden()


async def test_an_ephemeral_message_is_visible_to_one_person(demo: DemoPage, page: Page) -> None:
    """An ephemeral message to Alice is labelled as such and disappears after switching to Gwen."""
    whisper = demo.slack.make_bot_message("C0DEPLOYS", "between us", None, only_for="U0ALICE01")
    demo.slack.post_ephemeral(whisper)
    await expect(page.locator("article")).to_contain_text("Only visible to you")
    await page.get_by_role("radio", name="Gwen Park").click()
    await expect(page.get_by_role("radio", name="Gwen Park")).to_be_checked()
    await expect(page.locator("article")).to_have_count(0)


async def test_a_form_shows_its_errors_and_keeps_what_was_typed(demo: DemoPage, page: Page) -> None:
    """An error is shown below its input, other inputs keep their text, and Cancel closes the form."""
    view = {
        "type": "modal",
        "title": text("Start a build", "plain_text"),
        "submit": text("Start", "plain_text"),
        "blocks": [_choice("pipeline", "Pipeline", ("web", "api")), _input("branch", "Branch")],
    }
    demo.slack.open_views.open("U0ALICE01", view)
    form = page.get_by_role("dialog", name="Start a build")
    await form.get_by_label("Branch").fill("fix/basket")
    await form.get_by_role("button", name="Start").click()
    await expect(form.get_by_role("alert")).to_have_text("Please complete this required field.")
    await expect(form.get_by_label("Branch")).to_have_value("fix/basket")
    await form.get_by_role("combobox", name="Pipeline").fill("ap")
    await form.get_by_role("option", name="api").click()
    await expect(form.get_by_role("combobox")).to_have_value("api")
    await form.get_by_role("button", name="Cancel").click()
    await expect(form).to_be_hidden()


def _input(name: str, label: str) -> dict[str, Any]:
    element = {"type": "plain_text_input", "action_id": "value"}
    return {"type": "input", "block_id": name, "label": text(label, "plain_text"), "element": element}


def _choice(name: str, label: str, values: tuple[str, ...]) -> dict[str, Any]:
    options = [{"text": text(value, "plain_text"), "value": value} for value in values]
    element = {"type": "static_select", "action_id": "value", "options": options}
    return {"type": "input", "block_id": name, "label": text(label, "plain_text"), "element": element}


async def test_a_risky_button_asks_first(demo: DemoPage, page: Page) -> None:
    """A button with a confirmation sends nothing until the person confirms."""
    dialog = {"title": "Cancel web #1?", "text": "It runs.", "confirm": "Cancel it", "deny": "Never mind"}
    confirm = {key: text(label, "plain_text") for key, label in dialog.items()}
    button = {"type": "button", "text": text("Cancel", "plain_text"), "action_id": "cancel", "confirm": confirm}
    post(demo, "card", [{"type": "actions", "elements": [button]}])
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Never mind").click()
    await expect(page.get_by_role("dialog")).to_have_count(0)
    assert demo.slack.last_request is None
    await page.get_by_role("button", name="Cancel", exact=True).click()
    await page.get_by_role("dialog").get_by_role("button", name="Cancel it").click()
    await expect(page.get_by_role("status")).to_contain_text("dispatch_failed")


async def test_jobs_are_started_and_failed_by_hand(demo: DemoPage, page: Page) -> None:
    """Buttons in the Buildkite panel start a job and let it fail, which changes the build's state."""
    demo.buildkite.create_build_elsewhere("mobile", "main", "Round prices")
    panel = page.get_by_role("complementary", name="Buildkite")
    await panel.get_by_role("button", name="Start iOS").click()
    await panel.get_by_role("button", name="Let iOS fail").click()
    await expect(panel.locator(".pill")).to_have_text("failing")


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (1280, 800), (800, 700)])
async def test_nothing_is_wider_than_the_window(demo: DemoPage, page: Page, width: int, height: int) -> None:
    """With an open thread and words of any length, the page doesn't scroll horizontally."""
    root = post(demo, "x" * 400, [{"type": "section", "text": text(f"`{'y' * 500}` {'z' * 500}")}])
    post(demo, "w" * 300, thread_ts=root.ts)
    await page.set_viewport_size({"width": width, "height": height})
    await page.get_by_role("button", name="1 reply").click()
    await expect(page.get_by_role("region", name="Thread")).to_be_visible()
    boxes = "[...document.querySelectorAll('body, #channel, #thread, .list')]"
    assert await page.evaluate(f"{boxes}.every((box) => box.scrollWidth <= box.clientWidth)")
