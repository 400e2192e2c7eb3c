"""The injection corpus on the demo's page and on a build's page: nothing runs, and no link leads elsewhere."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page

from bot.slack.blockkit.blocks import Message
from simulators.demo_page.app import DemoPage
from simulators.demo_page.build_pages import with_pages
from simulators.http_server import Serving
from tests.injection.corpus import CORPUS, EVIL
from tests.injection.surfaces import SURFACES

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
TEXTS = tuple(text.encode("utf-8", "replace").decode() for text in CORPUS if len(text) < 500)
COLLECT = """() => ({
    handlers: [...document.querySelectorAll('*')]
        .flatMap((element) => [...element.attributes]).filter((attribute) => /^on/i.test(attribute.name)).length,
    foreign: document.querySelectorAll('iframe, object, embed, base, meta[http-equiv], svg script').length,
    scripts: [...document.scripts].map((script) => script.src),
    images: [...document.images].map((image) => image.src),
    links: [...document.querySelectorAll('[href]')].map((link) => link.href),
})"""


@pytest_asyncio.fixture(loop_scope="session")
async def quiet(page: Page) -> AsyncIterator[Page]:
    """The demo page; the test fails if a script opens a dialog or a window."""
    wrong: list[str] = []
    page.on("dialog", lambda dialog: wrong.append(dialog.message))
    page.on("popup", lambda popup: wrong.append(popup.url))
    yield page
    assert wrong == []


async def wait_for_messages(page: Page, messages: int) -> None:
    """Wait until the page shows this number of messages."""
    await page.locator("#channel article").nth(messages - 1).wait_for(state="attached")


async def collect_active_content(page: Page) -> dict[str, Any]:
    """Return everything on the page that could run or be followed, after checking that it's all the page's own."""
    content: dict[str, Any] = await page.evaluate(COLLECT)
    origin = await page.evaluate("location.origin")
    assert (content["handlers"], content["foreign"]) == (0, 0)
    assert [src for src in content["scripts"] if not src.startswith(origin + "/")] == []
    assert [src for src in content["images"] if not src.startswith((origin + "/", "data:image/"))] == []
    assert [href for href in content["links"] if not href.startswith(("http://", "https://", "mailto:"))] == []
    return content


async def test_bot_messages_link_to_buildkite_only(demo: DemoPage, quiet: Page) -> None:
    """Texts in cards, answers and builds of the panel notify no one and link to Buildkite only."""
    texts = [text for text in TEXTS if not text.startswith("https://")]
    rendered = [
        surface for text in texts for name in ("render_card", "render_reply") for surface in SURFACES[name](text)
    ]
    messages = [message for message in rendered if isinstance(message, Message)][::9]
    for message in messages:
        blocks = [dict(block) for block in message.blocks]
        demo.slack.post(demo.slack.make_bot_message("C0DEPLOYS", message.text, blocks))
    for text in TEXTS[::6]:
        demo.buildkite.create_build_elsewhere("web", text[:200], text[:2000], creator=text[:200] or "x")
    await wait_for_messages(quiet, len(messages))
    links = (await collect_active_content(quiet))["links"]
    assert [href for href in links if EVIL in href.partition("#")[0].split("/")[2]] == []
    assert await quiet.locator("article .loud").count() == 0


async def test_unescaped_texts_run_nothing_in_any_block(demo: DemoPage, quiet: Page) -> None:
    """Unescaped texts may contain links, as in Slack, but nothing runs in any kind of block."""
    for text in TEXTS:
        demo.slack.post(demo.slack.make_bot_message("C0DEPLOYS", text, make_raw_blocks(text)))
    for text in TEXTS[::2]:
        demo.slack.post(demo.slack.make_bot_message("C0DEPLOYS", text, None))
    demo.slack.person("U0NASTY01", "<b>nasty</b>", real_name="<img src=x onerror=alert(1)>")
    demo.slack.channel("C0NASTY01", "<script>alert(1)</script>")
    await wait_for_messages(quiet, len(TEXTS) + len(TEXTS[::2]))
    await collect_active_content(quiet)


def make_raw_blocks(text: str) -> list[dict[str, Any]]:
    """Return the unescaped text in blocks of many kinds, and in place of addresses."""
    words, marked = {"type": "plain_text", "text": text}, {"type": "mrkdwn", "text": text}
    leaves = [{"type": "text", "text": text}, {"type": "link", "url": text, "text": text}]
    return [
        {"type": "header", "text": words},
        {"type": "section", "text": marked, "fields": [marked, words]},
        {"type": "context", "elements": [marked, {"type": "image", "image_url": text, "alt_text": text}]},
        {"type": "markdown", "text": text},
        {"type": "image", "image_url": text, "alt_text": text, "title": words},
        {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": leaves}]},
        {"type": "actions", "elements": [{"type": "button", "text": words, "action_id": "a", "url": text}]},
        {"type": text, "text": marked},
    ]


async def test_pages_forbid_foreign_scripts(demo: DemoPage, quiet: Page) -> None:
    """Both pages have a content security policy without inline scripts; a build's page has no scripts at all."""
    reloaded = await quiet.goto(quiet.url)
    assert reloaded is not None
    assert "default-src 'self'" in reloaded.headers["content-security-policy"]
    build = demo.buildkite.create_build_elsewhere("web", "<b>x</b>", " ".join(TEXTS[:60]), creator="x")
    demo.buildkite.log(build.jobs[0].id, "\n".join(TEXTS))
    async with Serving(with_pages(demo.buildkite)) as address:
        answer = await quiet.goto(f"{address}/{demo.buildkite.org}/web/builds/{build.number}")
        assert answer is not None
        assert answer.headers["content-security-policy"] == "default-src 'self'"
        links = (await collect_active_content(quiet))["links"]
        assert [href for href in links if not href.startswith(address)] == []
